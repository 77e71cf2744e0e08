// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/vmrr/vmrr/machine"
)

const testMachine = "3f2a"

func testSnapshot(t testing.TB, pages int) (*Snapshot, []byte) {
	t.Helper()
	m := newFakeMemory(pages)
	m.dirty(rand.New(rand.NewPCG(7, 7)), pages/2)
	state := State{Consumed: 99, State: machine.State{
		At:      machine.Moment{ICount: 1 << 50, Sub: 3},
		Warp:    12345,
		CPU:     []byte("registers"),
		Devices: []machine.Blob{{Name: "pit", Data: []byte{1, 2}}, {Name: "apic"}, {Name: "pit", Data: []byte{3}}},
		End:     machine.End{Kind: machine.EndExit, Code: -2},
	}}
	return newStore(t, m, false).Take("booted", state), m.ram
}

func TestFileRoundTrip(t *testing.T) {
	for _, pages := range []int{1, 3, chunkPages + 9} {
		want, ram := testSnapshot(t, pages)
		path := filepath.Join(t.TempDir(), "snap")
		for range 2 { // the second replaces the first
			if err := WriteFile(path, testMachine, want); err != nil {
				t.Fatal(err)
			}
		}
		got, err := ReadFile(path, testMachine, len(ram))
		if err != nil {
			t.Fatal(err)
		}
		if got.Name != want.Name || !reflect.DeepEqual(got.State, want.State) {
			t.Errorf("%d pages: the state read is %+v; want %+v", pages, got.State, want.State)
		}
		b := make([]byte, len(ram))
		if got.ReadRAM(b, 0); !bytes.Equal(b, ram) {
			t.Errorf("%d pages: the RAM read is not the RAM written", pages)
		}
		m := newFakeMemory(pages)
		m.dirty(rand.New(rand.NewPCG(8, 8)), pages)
		s := newStore(t, m, false)
		if err := s.Add(got); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Restore(s.Named("booted")); err != nil || !bytes.Equal(m.ram, ram) {
			t.Errorf("%d pages: Restore in another machine: %v, or RAM differs", pages, err)
		}
	}
}

func TestFileOfTheSameSnapshotIsTheSame(t *testing.T) {
	snap, _ := testSnapshot(t, 100)
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		path := filepath.Join(dir, "snap")
		if err := WriteFile(path, testMachine, snap); err != nil {
			t.Fatal(err)
		}
		files[i], _ = os.ReadFile(path)
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two files of one snapshot differ")
	}
}

// fileBytes returns a snapshot file and reads one from bytes.
func fileBytes(t *testing.T) (whole []byte, readBytes func([]byte) error) {
	t.Helper()
	const pages = 20
	snap, _ := testSnapshot(t, pages)
	path := filepath.Join(t.TempDir(), "snap")
	if err := WriteFile(path, testMachine, snap); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return whole, func(b []byte) error {
		_, err := read(bytes.NewReader(b), int64(len(b)), path, testMachine, pages*PageSize)
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("the error %q does not name the file", err)
		}
		return err
	}
}

func TestFileCutAndFlipped(t *testing.T) {
	whole, read := fileBytes(t)
	if err := read(whole); err != nil {
		t.Fatal(err)
	}
	var damaged *ErrDamaged
	for n := range whole {
		if err := read(whole[:n]); !errors.As(err, &damaged) {
			t.Errorf("cut at byte %d of %d: %v; want ErrDamaged", n, len(whole), err)
		}
	}
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		if err := read(b); !errors.As(err, &damaged) {
			t.Errorf("byte %d of %d flipped: %v; want ErrDamaged", i, len(whole), err)
		}
	}
	if err := read(append(bytes.Clone(whole), whole...)); !errors.As(err, &damaged) {
		t.Errorf("the file twice: %v; want ErrDamaged", err)
	}
	t.Logf("%d cuts and %d flips", len(whole), len(whole))
}

// resum makes the checksums of a changed file right again.
func resum(b []byte) []byte {
	start := fixedSize + len(testMachine) + 8
	binary.LittleEndian.PutUint64(b[start-8:], xxhash.Sum64(b[:start-8]))
	binary.LittleEndian.PutUint64(b[len(b)-trailerSize:], xxhash.Sum64(b[:len(b)-trailerSize]))
	return b
}

func TestFileRefusals(t *testing.T) {
	whole, read := fileBytes(t)
	tests := []struct {
		name   string
		change func(b []byte)
		want   any
	}{
		{"a newer version", func(b []byte) { b[8]++ }, new(*ErrVersion)},
		{"another machine", func(b []byte) { b[fixedSize]++ }, new(*ErrMismatch)},
		{"another size", func(b []byte) { b[17]++ }, new(*ErrMismatch)},
		{"contents that do not decompress", func(b []byte) { b[fixedSize+len(testMachine)+9]++ }, new(*ErrDamaged)},
	}
	for _, test := range tests {
		b := bytes.Clone(whole)
		test.change(b)
		if err := read(resum(b)); !errors.As(err, test.want) {
			t.Errorf("%s: %v; want %T", test.name, err, test.want)
		}
	}
	for i := fixedSize + len(testMachine) + 8; i < len(whole)-trailerSize; i++ { // must not panic or hang
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		read(resum(b))
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none"), testMachine, PageSize); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ReadFile of no file = %v; want not-exist", err)
	}
}

func TestWriteFileRefusals(t *testing.T) {
	snap, _ := testSnapshot(t, 1)
	dir := t.TempDir()
	tests := []struct {
		name, path, machine string
		state               State
	}{
		{"a missing directory", filepath.Join(dir, "no", "snap"), testMachine, State{}},
		{"a long machine id", filepath.Join(dir, "snap"), strings.Repeat("x", maxMachineID+1), State{}},
		{"a long name", filepath.Join(dir, "snap"), testMachine, State{State: machine.State{Devices: []machine.Blob{{Name: strings.Repeat("x", maxName+1)}}}}},
		{"too many devices", filepath.Join(dir, "snap"), testMachine, State{State: machine.State{Devices: make([]machine.Blob, maxBlobs+1)}}},
	}
	for _, test := range tests {
		err := WriteFile(test.path, test.machine, &Snapshot{State: test.state, ram: snap.ram})
		if err == nil || !strings.Contains(err.Error(), test.path) {
			t.Errorf("%s: %v; want an error that names the file", test.name, err)
		}
	}
	if names, _ := os.ReadDir(dir); len(names) != 0 {
		t.Errorf("failed writes left %v behind", names)
	}
}

// FuzzContents decodes contents whose checksums would be right.
func FuzzContents(f *testing.F) {
	snap, _ := testSnapshot(f, 3)
	var b bytes.Buffer
	e := encoder{w: &b}
	if err := e.snapshot(snap); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		d := decoder{r: bufio.NewReader(bytes.NewReader(b))}
		s, err := d.snapshot(3)
		if (s == nil) == (err == nil) {
			t.Errorf("decoding gives %v, %v", s, err)
		}
	})
}
