// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
)

func TestManifestRoundTrip(t *testing.T) {
	for _, m := range []Manifest{testManifest, resumedManifest()} {
		d, err := Create(filepath.Join(t.TempDir(), "rec"), m)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.AddFile("kernel", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		again, err := Open(d.Path())
		if err != nil {
			t.Fatal(err)
		}
		got, want := again.Manifest(), d.Manifest()
		got.Machine, want.Machine = nil, nil // only the spaces differ
		if !reflect.DeepEqual(got, want) {
			t.Errorf("the manifest reads as\n%+v; want\n%+v", got, want)
		}
	}
}

func TestManifestEveryFlipAndCut(t *testing.T) {
	d, err := Create(filepath.Join(t.TempDir(), "rec"), resumedManifest())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d.Path(), manifestName)
	whole := mustRead(t, path)
	check := func(what string, i int, b []byte) {
		_, err := decodeManifest(path, b)
		var damaged *badfile.DamagedError
		var version *badfile.VersionError
		if !errors.As(err, &damaged) && !errors.As(err, &version) {
			t.Errorf("%s at byte %d: %v; want DamagedError or badfile.VersionError", what, i, err)
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("%s at byte %d: %q does not name the file", what, i, err)
		}
	}
	for i := range whole {
		check("cut", i, whole[:i])
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			check("flip", i, b)
		}
	}
}

// sealed makes a manifest's file of JSON objects, whose fields replace those of
// a good one, with the check that it must have.
func sealed(t testing.TB, change func(*Manifest)) []byte {
	m := resumedManifest()
	m.Format, m.ID = FormatVersion, testID.String()
	m.Files = []File{{Name: "kernel", Size: 1, SHA256: "00"}}
	hash, err := machineHash(m.Machine)
	if err != nil {
		t.Fatal(err)
	}
	m.MachineHash = hash
	change(&m)
	b, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestManifestRefusals(t *testing.T) {
	whole := sealed(t, func(*Manifest) {})
	if _, err := decodeManifest("m", whole); err != nil {
		t.Fatalf("a good manifest: %v", err)
	}
	other := func(old, new string) []byte { return bytes.Replace(whole, []byte(old), []byte(new), 1) }
	for _, test := range []struct {
		name string
		b    []byte
		want any
		says string
	}{
		{"empty", nil, new(*badfile.DamagedError), "unexpected end"},
		{"a newer format", sealed(t, func(m *Manifest) { m.Format++ }), new(*badfile.VersionError), "version 3, this vmrr reads version 2"},
		{"an older format", sealed(t, func(m *Manifest) { m.Format-- }), new(*badfile.VersionError), "version 1, this vmrr reads version 2"},
		{"another id", sealed(t, func(m *Manifest) { m.ID = "12" }), new(*badfile.DamagedError), "id"},
		{"another machine", sealed(t, func(m *Manifest) { m.Machine = json.RawMessage("{}") }), new(*badfile.DamagedError), "machine"},
		{"a path for a file", sealed(t, func(m *Manifest) { m.Files[0].Name = "../kernel" }), new(*badfile.DamagedError), "../kernel"},
		{"a parent without an id", sealed(t, func(m *Manifest) { m.Parent.ID = "x" }), new(*badfile.DamagedError), "parent"},
		{"a parent's bad snapshot", sealed(t, func(m *Manifest) { m.Parent.Snapshot = "a/b" }), new(*badfile.DamagedError), "parent"},
		{"an origin with a path", sealed(t, func(m *Manifest) { m.Origin.Snapshot = "a/b" }), new(*badfile.DamagedError), "origin"},
		{"a space more", append(bytes.Clone(whole), ' '), new(*badfile.DamagedError), "check"},
		{"another key", other(`"vmrr"`, `"vmxx"`), new(*badfile.DamagedError), "check"},
		{"a key more", other(`"id"`, `"more": 1, "id"`), new(*badfile.DamagedError), "check"},
		{"too large", make([]byte, maxManifest+1), new(*badfile.DamagedError), "more than"},
	} {
		_, err := decodeManifest("m", test.b)
		if !errors.As(err, test.want) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v; want %T saying %q", test.name, err, test.want, test.says)
		}
	}
}

// FuzzManifest reads any bytes, and any JSON behind a good check. What is accepted
// is exactly what is written again.
func FuzzManifest(f *testing.F) {
	f.Add(sealed(f, func(*Manifest) {}), false)
	f.Add(sealed(f, func(m *Manifest) { m.Parent, m.Origin = nil, nil }), true)
	f.Add([]byte(`{"format":2,"parent":{},"files":[{"name":".."}]}`), true)
	f.Fuzz(func(t *testing.T, b []byte, seal bool) {
		if seal {
			var m Manifest
			if json.Unmarshal(b, &m) != nil {
				return
			}
			var err error
			if b, err = m.encode(); err != nil {
				return
			}
		}
		m, err := decodeManifest("m", b)
		if err != nil {
			var damaged *badfile.DamagedError
			var version *badfile.VersionError
			if !errors.As(err, &damaged) && !errors.As(err, &version) {
				t.Fatalf("reading ends with %v", err)
			}
			return
		}
		if again, err := m.encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%s\nis written again as\n%s, error %v", b, again, err)
		}
	})
}
