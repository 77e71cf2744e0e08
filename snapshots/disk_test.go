// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

var testID = framed.ID{0x3f, 0x2a}

// rig is a machine whose snapshots are known in full.
type rig struct {
	begins map[string]bool // names of snapshots that another recording begins in
	t      testing.TB
	mem    *fakeMemory
	store  *Store
	ram    map[uint64][]byte // by the icount of a snapshot, each its own
	next   uint64
	rand   *rand.Rand
}

func newRig(t testing.TB, pages int) *rig {
	m := newFakeMemory(pages)
	return &rig{t: t, mem: m, store: newStore(t, m, false), ram: map[uint64][]byte{}, next: 1, rand: rand.New(rand.NewPCG(7, uint64(pages)))}
}

// take dirties some pages and takes a snapshot.
func (r *rig) take(name string, dirty int) *Snapshot {
	r.mem.dirty(r.rand, dirty)
	s := r.store.Take(name, testState(r.next))
	r.ram[r.next] = bytes.Clone(r.mem.ram)
	r.next++
	return s
}

func testState(icount uint64) State {
	return State{Consumed: icount + 99, State: machine.State{
		At:      machine.Moment{ICount: icount, Sub: 3},
		Warp:    12345,
		CPU:     []byte("registers"),
		Devices: []machine.Blob{{Name: "pit", Data: []byte{1, 2}}, {Name: "apic"}, {Name: "pit", Data: []byte{3}}},
		End:     machine.End{Kind: machine.EndExit, Code: -2},
	}}
}

func (r *rig) open(dir string, mode Mode) *Disk {
	r.t.Helper()
	d, err := OpenDisk(dir, testID, len(r.mem.ram), mode)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { d.Close() })
	return d
}

func (r *rig) put(d *Disk, s *Snapshot) {
	r.t.Helper()
	if err := d.Put(s); err != nil {
		r.t.Fatal(err)
	}
}

// verify loads an entry and compares it with what was taken.
func (r *rig) verify(d *Disk, e Entry) error {
	s, err := d.Load(e)
	if err != nil {
		return err
	}
	want := testState(e.At.ICount)
	if r.begins[e.Name] {
		want.Consumed = 0
	}
	if !reflect.DeepEqual(s.State, want) || e.At != want.At || e.Warp != want.Warp || e.Consumed != want.Consumed || s.Name != e.Name {
		r.t.Errorf("the state of %+v is %+v; want %+v", e, s.State, want)
	}
	got := make([]byte, s.RAMSize())
	if _, err := s.ReadRAM(got, 0); err != nil {
		return err
	}
	if !bytes.Equal(got, r.ram[e.At.ICount]) {
		r.t.Errorf("the RAM of %+v is not what was taken", e)
	}
	return nil
}

// verifyAll verifies all that a store has and returns how it is listed.
func (r *rig) verifyAll(d *Disk) (list []string) {
	r.t.Helper()
	for _, e := range d.List() {
		if err := r.verify(d, e); err != nil {
			r.t.Errorf("loading %+v: %v", e, err)
		}
		list = append(list, fmt.Sprintf("%s@%d", e.Name, e.At.ICount))
	}
	if bad, err := d.Check(); len(bad) > 0 || err != nil {
		r.t.Errorf("Check() = %v, %v; want nothing", bad, err)
	}
	return list
}

func (r *rig) wantList(d *Disk, want ...string) {
	r.t.Helper()
	if got := r.verifyAll(d); !slices.Equal(got, want) {
		r.t.Errorf("the store has %q; want %q", got, want)
	}
}

func TestDiskRoundTrip(t *testing.T) {
	for _, pages := range []int{1, 3, chunkPages, 2*chunkPages + 9} {
		dir := filepath.Join(t.TempDir(), "snapshots")
		r := newRig(t, pages)
		d := r.open(dir, ReadWrite)
		r.wantList(d)
		r.put(d, r.take("booted", pages))
		r.put(d, r.take("", 5))
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("after a Put there is no directory: %v", err)
		}
		r.wantList(d, "booted@1", "@2")
		d.Close()
		for _, mode := range []Mode{ReadOnly, ReadWrite} {
			d = r.open(dir, mode)
			r.wantList(d, "booted@1", "@2")
			m := newFakeMemory(pages)
			m.dirty(rand.New(rand.NewPCG(8, 8)), pages)
			s := newStore(t, m, false)
			e, ok := d.Named("booted")
			snap, err := d.Load(e)
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			if err := s.Add(snap); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Restore(s.Named("booted")); err != nil || !bytes.Equal(m.ram, r.ram[1]) {
				t.Errorf("%d pages: Restore in another machine: %v, or RAM differs", pages, err)
			}
			d.Close()
		}
		// Another process goes on, and replaces one.
		d = r.open(dir, ReadWrite)
		r.put(d, r.take("booted", 5))
		r.put(d, r.take("later", 5))
		r.wantList(d, "@2", "booted@3", "later@4")
		d.Close()
		d = r.open(dir, ReadWrite)
		r.wantList(d, "@2", "booted@3", "later@4")
		if err := d.Delete(d.List()[1]); err != nil {
			t.Fatal(err)
		}
		if err := d.Delete(Entry{number: 99}); err == nil {
			t.Error("Delete of what is not there has no error")
		}
		r.wantList(d, "@2", "later@4")
		d.Close()
		r.wantList(r.open(dir, ReadOnly), "@2", "later@4")
	}
}

func TestDiskKeepsPagesOnce(t *testing.T) {
	const pages = 200
	dir := t.TempDir()
	r := newRig(t, pages)
	for i := range 100 {
		r.mem.write(i*PageSize, byte(i)+1)
	}
	d := r.open(dir, ReadWrite)
	r.put(d, r.take("", 0))
	first := d.Bytes()
	for range 4 {
		r.put(d, r.take("", 0))
	}
	if grown := (d.Bytes() - first) / 4; grown > 200 {
		t.Errorf("four more snapshots at one place take %d bytes each; want next to nothing", grown)
	}
	// The same contents at other addresses, known to a new process too.
	copy(r.mem.ram[100*PageSize:], r.mem.ram[:100*PageSize])
	copy(r.mem.ram, r.mem.ram[50*PageSize:100*PageSize])
	r.store.Forget()
	r.put(d, r.take("moved", 0))
	d.Close()
	d = r.open(dir, ReadWrite)
	other := newRig(t, pages)
	copy(other.mem.ram, r.mem.ram[PageSize:])
	other.next, other.ram = 7, r.ram
	r.put(d, other.take("shifted", 0))
	if got, want := pagesOf(d), []int{100, 0, 0, 0, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("the snapshots added %v pages; want %v", got, want)
	}
	r.verifyAll(d)
}

func pagesOf(d *Disk) (pages []int) {
	for _, e := range d.List() {
		pages = append(pages, e.Pages)
	}
	return pages
}

func TestLoadReadsOnlyWhatIsNeeded(t *testing.T) {
	const pages = 40 * batchPages
	dir := t.TempDir()
	r := newRig(t, pages)
	for i := range pages {
		r.mem.write(i*PageSize+1, byte(i))
		r.mem.write(i*PageSize, byte(i>>8)+1)
	}
	d := r.open(dir, ReadWrite)
	for i := range 30 {
		r.put(d, r.take(fmt.Sprint(i), 20))
	}
	d.Close()

	files := &faultyFiles{most: -1}
	d, err := openDisk(files, dir, testID, len(r.mem.ram), ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	index := files.reads.Swap(0)
	var snaps []*Snapshot
	for _, e := range d.List() {
		s, err := d.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		snaps = append(snaps, s)
	}
	// A frame is read in two steps.
	if n := files.reads.Swap(0); n != 2*int64(len(snaps)) {
		t.Errorf("loading %d snapshots reads %d times (the index %d times); want twice each", len(snaps), n, index)
	}
	b := make([]byte, 10)
	if _, err := snaps[3].ReadRAM(b, 70*PageSize); err != nil || !bytes.Equal(b, r.ram[4][70*PageSize:][:10]) {
		t.Errorf("ReadRAM = %v, %v; want %v", b, err, r.ram[4][70*PageSize:][:10])
	}
	if n := files.reads.Swap(0); n > 3 {
		t.Errorf("one page takes %d reads; want the file's header and two for a frame", n)
	}
	s := newStore(t, newFakeMemory(pages), false)
	if _, err := s.Restore(snaps[7]); err != nil {
		t.Fatal(err)
	}
	files.reads.Store(0)
	if n, err := s.Restore(snaps[8]); err != nil || n == 0 || files.reads.Load() > 2*int64(n) || files.reads.Load() == 0 {
		t.Errorf("Restore of the next one wrote %d pages with %d reads, %v; want reads of these only", n, files.reads.Load(), err)
	}
	files.reads.Store(0)
	if _, err := s.Restore(snaps[7]); err != nil || files.reads.Load() != 0 {
		t.Errorf("going back to what was restored before takes %d reads, %v; want none", files.reads.Load(), err)
	}
	if got := s.Bytes(); got > 10*chunkBytes {
		t.Errorf("snapshots on disk take %d bytes of the store's memory; want only their tables", got)
	}
}

func TestOtherStoresAreRefused(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 3)
	d := r.open(dir, ReadWrite)
	r.put(d, r.take("a", 3))
	d.Close()
	var alien *badfile.OtherRecordingError
	if _, err := OpenDisk(dir, framed.ID{1}, len(r.mem.ram), ReadOnly); !errors.As(err, &alien) || !strings.Contains(err.Error(), "index-0001.log") {
		t.Errorf("the store of another recording: %v; want OtherRecordingError that names the file", err)
	}
	var mismatch *badfile.MismatchError
	if _, err := OpenDisk(dir, testID, 4*PageSize, ReadOnly); !errors.As(err, &mismatch) {
		t.Errorf("the store of a smaller machine: %v; want MismatchError", err)
	}
	if _, err := OpenDisk(dir, testID, 100, ReadOnly); err == nil {
		t.Error("a RAM of 100 bytes has no error")
	}
	d = r.open(dir, ReadWrite)
	big := newRig(t, 4)
	if err := d.Put(big.take("big", 1)); err == nil {
		t.Error("Put of a bigger machine's snapshot has no error")
	}
	// Pages of another store under the name of this one's.
	d.Close()
	other := t.TempDir()
	d = r.open(other, ReadWrite)
	r.put(d, r.take("b", 3))
	d.Close()
	if err := os.Rename(filepath.Join(other, segmentName(1)), filepath.Join(dir, segmentName(1))); err != nil {
		t.Fatal(err)
	}
	d = r.open(dir, ReadOnly)
	var damaged *badfile.DamagedError
	if err := r.verify(d, d.List()[0]); !errors.As(err, &damaged) || !strings.Contains(damaged.File, segmentName(1)) {
		t.Errorf("pages of another store: %v; want DamagedError that names the file", err)
	}
	// A newer format.
	index := filepath.Join(dir, indexName(1))
	b, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	newer := framed.Format{Magic: indexFormat.Magic, Version: indexFormat.Version + 1}
	if err := os.WriteFile(index, append(newer.Header(testID), b[framed.HeaderSize:]...), 0o644); err != nil {
		t.Fatal(err)
	}
	var version *badfile.VersionError
	if _, err := OpenDisk(dir, testID, len(r.mem.ram), ReadOnly); !errors.As(err, &version) {
		t.Errorf("a newer format: %v; want VersionError", err)
	}
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 3)
	d := r.open(dir, ReadOnly)
	r.wantList(d)
	snap := r.take("a", 3)
	for name, err := range map[string]error{"Put": d.Put(snap), "Compact": d.Compact(), "Delete": d.Delete(Entry{})} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s for reading only: %v; want %v", name, err, ErrReadOnly)
		}
	}
	d = r.open(dir, ReadWrite)
	r.put(d, snap)
	d.Close()
	before, _ := os.ReadDir(dir)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	for _, mode := range []Mode{ReadOnly, ReadWrite} {
		// Whoever runs the test, perhaps one whom no directory resists.
		d, err := openDisk(&faultyFiles{most: 0}, dir, testID, len(r.mem.ram), mode)
		if err != nil {
			t.Fatal(err)
		}
		r.wantList(d, "a@1")
		d.Close()
	}
	if after, _ := os.ReadDir(dir); len(after) != len(before) {
		t.Errorf("reading left %v; want %v", after, before)
	}
}

func TestOneWriterAtATime(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 3)
	a, b := r.open(dir, ReadWrite), r.open(dir, ReadWrite)
	r.put(a, r.take("a", 3))
	if err := b.Put(r.take("b", 1)); err == nil {
		t.Error("a second writer has no error")
	}
	a.Close()
	r.put(b, r.take("c", 1)) // knows what the first has written
	r.wantList(b, "a@1", "c@3")
}

// Nobody else can write while one is alone, and a store to which another writes is not.
func TestAlone(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 3)
	a, b := r.open(dir, ReadWrite), r.open(dir, ReadOnly)
	ran := 0
	alone := func(d *Disk) error {
		return d.Alone(func() error {
			ran++
			if err := r.open(dir, ReadWrite).Begin(); err == nil {
				t.Error("another process can write meanwhile")
			}
			return nil
		})
	}
	if err := alone(b); err != nil || ran != 1 {
		t.Errorf("alone where nobody writes: error %v, it ran %d times", err, ran)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("alone made %v, error %v; want no file", files, err)
	}
	r.put(a, r.take("a", 3))
	if err := alone(b); err == nil || ran != 1 {
		t.Errorf("alone while another writes: error %v, it ran %d times; want an error and 1", err, ran)
	}
	if err := alone(a); err != nil || ran != 2 {
		t.Errorf("alone, who writes: error %v, it ran %d times; want 2", err, ran)
	}
	a.Close()
	if err := alone(b); err != nil || ran != 3 {
		t.Errorf("alone when the other has closed: error %v, it ran %d times; want 3", err, ran)
	}
}

// What was loaded before another process compacted the store, and so gave other
// numbers to the pages, is still put back as what it was.
func TestNumbersOfAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 40)
	a := r.open(dir, ReadWrite)
	for i := range 4 {
		r.incompressible(i, i+10, i+20)
		r.put(a, r.take("", 0))
	}
	a.Close()
	b := r.open(dir, ReadWrite)
	snap, err := b.Load(b.List()[3])
	if err == nil {
		_, err = snap.ReadRAM(make([]byte, 10), 0) // the files are open
	}
	if err != nil {
		t.Fatal(err)
	}
	a = r.open(dir, ReadWrite)
	for _, e := range a.List() {
		if err := a.Delete(e); err != nil {
			t.Fatal(err)
		}
	}
	r.incompressible(30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 0, 1, 2, 3, 4)
	r.put(a, r.take("other", 0))
	a.Close()
	r.put(b, snap)
	r.wantList(b, "@4", "other@5")
}

func TestCacheIsBounded(t *testing.T) {
	c, pages := newCache(2), make([]page, 3)
	for i := range pages {
		c.put(&pages[i], &pageData{byte(i)})
		c.put(&pages[i], &pageData{99}) // is there
	}
	if c.get(&pages[0]) != nil || c.get(&pages[1])[0] != 1 || c.get(&pages[2])[0] != 2 || len(c.data) != 2 {
		t.Errorf("a cache for 2 pages has %d of 3; want the last two", len(c.data))
	}
}

func TestPutRefusals(t *testing.T) {
	r := newRig(t, 1)
	snap := r.take("a", 1)
	long := strings.Repeat("x", maxName+1)
	for name, s := range map[string]*Snapshot{
		"a long name":          {Name: long},
		"a device's long name": {State: State{State: machine.State{Devices: []machine.Blob{{Name: long}}}}},
		"too many devices":     {State: State{State: machine.State{Devices: make([]machine.Blob, maxBlobs+1)}}},
		"a big state":          {State: State{State: machine.State{CPU: make([]byte, maxState)}}},
	} {
		dir := t.TempDir()
		d := r.open(dir, ReadWrite)
		s.ram = snap.ram
		if err := d.Put(s); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v; want an error that names the directory", name, err)
		}
		r.put(d, snap) // it is not broken
		r.wantList(d, "a@1")
	}
}

// The cache has room for a machine's RAM, but for no more than maxCached.
func TestCacheSize(t *testing.T) {
	for ram, want := range map[int]int{4 * PageSize: 4, maxCached: maxCached / PageSize, 2 * maxCached: maxCached / PageSize} {
		d, err := OpenDisk(t.TempDir(), testID, ram, ReadOnly)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.cache.most; got != want {
			t.Errorf("with %d bytes of RAM the cache has room for %d pages; want %d", ram, got, want)
		}
	}
}
