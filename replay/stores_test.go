// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
)

func testStretches() []Stretch {
	var many []uint64
	for i := range uint64(500) {
		many = append(many, i*i*i)
	}
	return []Stretch{
		{From: 0, To: 1},
		{From: 1, To: 10_000_000, Linear: []uint64{0}, Physical: []uint64{math.MaxUint64}},
		{From: 20_000_000, To: 30_000_000, Linear: many, Physical: many[1:]},
		{From: math.MaxUint64 - 1, To: math.MaxUint64, Linear: []uint64{0, math.MaxUint64 - 1, math.MaxUint64}},
	}
}

// readStores returns what a recording has, and the error.
func readStores(d *Dir) (all []Stretch, err error) {
	err = d.ReadStores(func(s Stretch) { all = append(all, s) })
	return all, err
}

// sameStretches reports whether two lists are equal; no pages are an empty list.
func sameStretches(got, want []Stretch) bool {
	equal := func(a, b []uint64) bool { return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b) }
	if len(got) != len(want) {
		return false
	}
	for i, g := range got {
		if w := want[i]; g.From != w.From || g.To != w.To || !equal(g.Linear, w.Linear) || !equal(g.Physical, w.Physical) {
			return false
		}
	}
	return true
}

// writeStores has a recorder write stretches.
func writeStores(t *testing.T, d *Dir, all []Stretch) {
	t.Helper()
	w, err := d.CreateStores()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if err := w.Append(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestStoresRoundTrip(t *testing.T) {
	d, want := createTest(t), testStretches()
	if got, err := readStores(d); got != nil || err != nil {
		t.Errorf("a recording without a file of stretches has %v, error %v; want none", got, err)
	}
	writeStores(t, d, want)
	if got, err := readStores(d); err != nil || !sameStretches(got, want) {
		t.Errorf("written and read: %v, error %v; want %v", got, err, want)
	}
	if _, err := d.CreateStores(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CreateStores where there is a file: error %v, want %v", err, fs.ErrExist)
	}
	if err := d.ReplaceStores(want[2:]); err != nil {
		t.Fatal(err)
	}
	if got, err := readStores(d); err != nil || !sameStretches(got, want[2:]) {
		t.Errorf("replaced and read: %v, error %v; want %v", got, err, want[2:])
	}
	// Of too many pages a stretch is left out, as if nothing were known of it.
	var far []uint64
	for i := range uint64(maxStretch / 6) {
		far = append(far, i<<44)
	}
	if err := d.ReplaceStores([]Stretch{{From: 1, To: 2, Linear: far}, want[3]}); err != nil {
		t.Fatal(err)
	}
	if got, err := readStores(d); err != nil || !sameStretches(got, want[3:]) {
		t.Errorf("with a stretch of %d pages: %d stretches, error %v; want it left out", len(far), len(got), err)
	}
}

// Whatever is cut off or changed, what is read are the first of the stretches written.
func TestStoresDamaged(t *testing.T) {
	d, want := createTest(t), testStretches()
	writeStores(t, d, want)
	whole := mustRead(t, d.StoresPath())
	check := func(what string, file []byte) (n int) {
		t.Helper()
		if err := os.WriteFile(d.StoresPath(), file, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := readStores(d)
		if len(got) > len(want) || !sameStretches(got, want[:len(got)]) {
			t.Fatalf("%s: it reads as %v; want the first ones of %v", what, got, want)
		}
		var cut *badfile.CutOffError
		var damaged *badfile.DamagedError
		var version *badfile.VersionError
		var other *badfile.OtherRecordingError
		if !errors.As(err, &cut) && !errors.As(err, &damaged) && !errors.As(err, &version) && !errors.As(err, &other) {
			if bytes.Equal(file, whole[:len(file)]) && err == nil {
				return len(got) // it ends between two stretches
			}
			t.Fatalf("%s: error %v; want one of badfile", what, err)
		}
		if !strings.Contains(err.Error(), d.StoresPath()) {
			t.Errorf("%s: the error does not name the file: %v", what, err)
		}
		return len(got)
	}
	seen := map[int]bool{}
	for n := range whole {
		seen[check("cut off", whole[:n])] = true
	}
	if len(seen) != len(want) {
		t.Errorf("cut off anywhere, %v stretches were left; want each number up to %d", seen, len(want)-1)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		file := bytes.Clone(whole)
		file[random.IntN(len(file))] ^= byte(1 + random.IntN(255))
		check("a byte changed", file)
	}
	check("zeros behind", append(bytes.Clone(whole), make([]byte, 100)...))
}

// What is not the form of a stretch is refused, its checks notwithstanding.
func TestStoresMalformed(t *testing.T) {
	d := createTest(t)
	good, ok := (&Stretch{From: 5, To: 9, Linear: []uint64{1, 2}}).payload()
	if !ok {
		t.Fatal("a stretch of two pages is said to be too large")
	}
	pack := func(head []byte, pages ...byte) []byte {
		return compressor().EncodeAll(pages, append(head, byte(len(pages))))
	}
	huge := compressor().EncodeAll(make([]byte, maxStretch+1), []byte{5, 4, 0x81, 0x80, 0x40})
	for _, c := range []struct {
		what   string
		kind   byte
		frames [][]byte
		left   int
	}{
		{"another kind", 2, [][]byte{good}, 0},
		{"no bytes", frameStretch, [][]byte{nil}, 0},
		{"no instruction", frameStretch, [][]byte{pack([]byte{5, 0}, 0, 0)}, 0},
		{"an end past 2^64", frameStretch, [][]byte{pack([]byte{5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 0, 0)}, 0},
		{"fewer pages than it says", frameStretch, [][]byte{pack([]byte{5, 4}, 3, 1, 1)}, 0},
		{"many more", frameStretch, [][]byte{pack([]byte{5, 4}, 0xff, 0xff, 0xff, 0xff, 0x0f, 1)}, 0},
		{"a page twice", frameStretch, [][]byte{pack([]byte{5, 4}, 2, 1, 0, 0)}, 0},
		{"bytes behind", frameStretch, [][]byte{pack([]byte{5, 4}, 0, 0, 0)}, 0},
		{"no zstd", frameStretch, [][]byte{{5, 4, 2, 0, 0}}, 0},
		{"too large", frameStretch, [][]byte{huge}, 0},
		{"twice the same", frameStretch, [][]byte{good, good}, 1},
	} {
		file := storesFormat.Header(d.id)
		for _, f := range c.frames {
			file = framed.Append(file, d.id, int64(len(file)), c.kind, f)
		}
		if err := os.WriteFile(d.StoresPath(), file, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := readStores(d)
		var damaged *badfile.DamagedError
		if !errors.As(err, &damaged) || len(got) != c.left {
			t.Errorf("%s: %v, error %v; want %d stretches and a DamagedError", c.what, got, err, c.left)
		}
	}
}

// The file of another recording, or of another version, is not taken for this one's.
func TestStoresOfAnother(t *testing.T) {
	d, other := createTest(t), createTest(t)
	writeStores(t, other, testStretches())
	if err := os.WriteFile(d.StoresPath(), mustRead(t, other.StoresPath()), 0o644); err != nil {
		t.Fatal(err)
	}
	var elsewhere *badfile.OtherRecordingError
	if got, err := readStores(d); got != nil || !errors.As(err, &elsewhere) {
		t.Errorf("another recording's: %v, error %v; want an OtherRecordingError", got, err)
	}
	newer := framed.Format{Magic: storesFormat.Magic, Version: storesVersion + 1}
	if err := os.WriteFile(d.StoresPath(), newer.Header(d.id), 0o644); err != nil {
		t.Fatal(err)
	}
	var version *badfile.VersionError
	if got, err := readStores(d); got != nil || !errors.As(err, &version) {
		t.Errorf("another version's: %v, error %v; want a VersionError", got, err)
	}
}
