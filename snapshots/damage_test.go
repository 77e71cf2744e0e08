// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
)

// damagedRig is a store with two snapshots in two segments, and its files.
func damagedRig(t *testing.T) (r *rig, dir string, files map[string][]byte) {
	t.Helper()
	dir = t.TempDir()
	r = newRig(t, 12)
	for _, name := range []string{"first", "second"} {
		d := r.open(dir, ReadWrite)
		r.put(d, r.take(name, 4))
		d.Close()
	}
	files = map[string][]byte{}
	for _, name := range []string{segmentName(1), segmentName(2), indexName(1)} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	return r, dir, files
}

// typedError reports whether an error is one of those that damage may have.
func typedError(err error) bool {
	var (
		damaged  *badfile.DamagedError
		version  *badfile.VersionError
		mismatch *badfile.MismatchError
		other    *badfile.OtherRecordingError
	)
	return errors.As(err, &damaged) || errors.As(err, &version) || errors.As(err, &mismatch) || errors.As(err, &other)
}

// judge opens a damaged store and returns how many snapshots it still gives. Each
// is right or has a typed error that names the file.
func (r *rig) judge(dir, file, what string) (good, listed int) {
	r.t.Helper()
	d, err := OpenDisk(dir, testID, len(r.mem.ram), ReadOnly)
	if err != nil {
		if !typedError(err) || !strings.Contains(err.Error(), file) {
			r.t.Errorf("%s: OpenDisk: %v; want a typed error that names the file", what, err)
		}
		return 0, 0
	}
	defer d.Close()
	bad := 0
	for _, e := range d.List() {
		err := r.verify(d, e)
		switch {
		case err == nil:
			good++
		case !typedError(err) || !strings.Contains(err.Error(), file):
			r.t.Errorf("%s: loading %q: %v; want a typed error that names the file", what, e.Name, err)
		default:
			bad++
		}
	}
	list, err := d.Check()
	if len(list) != bad || (err == nil) != (d.Incomplete() == nil) {
		r.t.Errorf("%s: Check() = %v, %v; want %d damaged snapshots, and %v", what, list, err, bad, d.Incomplete())
	}
	return good, good + bad
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCutAtEveryByte(t *testing.T) {
	r, dir, files := damagedRig(t)
	for name, whole := range files {
		path := filepath.Join(dir, name)
		for n := range whole {
			write(t, path, whole[:n])
			good, listed := r.judge(dir, name, name+" cut")
			switch {
			case name == indexName(1) && good != listed:
				t.Errorf("%s cut at byte %d of %d: %d of %d snapshots are right; want all that are listed", name, n, len(whole), good, listed)
			case name == segmentName(1) && good != 0, name == segmentName(2) && good != 1:
				t.Errorf("%s cut at byte %d of %d: %d snapshots are right", name, n, len(whole), good)
			}
		}
		write(t, path, whole)
	}
	if good, _ := r.judge(dir, "", "as it was"); good != 2 {
		t.Fatalf("%d snapshots are right at the end; want 2", good)
	}
}

// A writer goes on behind the last whole record of an index that was cut off.
func TestWriteAfterCut(t *testing.T) {
	r, dir, files := damagedRig(t)
	snap := r.take("third", 3)
	for n := range files[indexName(1)] {
		left, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range left {
			os.Remove(f)
		}
		for name, b := range files {
			if name == indexName(1) {
				b = b[:n]
			}
			write(t, filepath.Join(dir, name), b)
		}
		d := r.open(dir, ReadWrite)
		before := len(d.List())
		r.put(d, snap)
		if got := r.verifyAll(d); len(got) != before+1 {
			t.Fatalf("cut at byte %d: after a Put the store has %q; want %d snapshots", n, got, before+1)
		}
		d.Close()
		d = r.open(dir, ReadOnly)
		if got := r.verifyAll(d); len(got) != before+1 || d.Incomplete() != nil {
			t.Fatalf("cut at byte %d: the next process has %q, %v; want %d snapshots", n, got, d.Incomplete(), before+1)
		}
		d.Close()
	}
}

func TestFlippedAndZeroed(t *testing.T) {
	r, dir, files := damagedRig(t)
	for name, whole := range files {
		path := filepath.Join(dir, name)
		for i := range whole {
			b := bytes.Clone(whole)
			b[i] ^= 1 << (i % 8)
			write(t, path, b)
			good, _ := r.judge(dir, name, name+" flipped")
			if want := map[string]int{segmentName(1): 0, segmentName(2): 1}; strings.HasSuffix(name, ".seg") && good != want[name] {
				t.Errorf("%s with byte %d of %d flipped: %d snapshots are right; want %d", name, i, len(whole), good, want[name])
			} else if good == 2 {
				t.Errorf("%s with byte %d of %d flipped: nobody noticed", name, i, len(whole))
			}
		}
		for at := 0; at < len(whole); at += 512 {
			b := bytes.Clone(whole)
			clear(b[at:min(at+4096, len(b))])
			write(t, path, b)
			r.judge(dir, name, name+" with a block of zeros")
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		r.judge(dir, name, name+" removed")
		write(t, path, whole)
	}
}

// Nobody writes behind damage that hides records which may still be wanted.
func TestNoWriteAfterDamage(t *testing.T) {
	r, dir, files := damagedRig(t)
	b := bytes.Clone(files[indexName(1)])
	b[len(b)-40] ^= 1
	path := filepath.Join(dir, indexName(1))
	write(t, path, b)
	d := r.open(dir, ReadWrite)
	var damaged *badfile.DamagedError
	if err := d.Incomplete(); !errors.As(err, &damaged) || damaged.File != path {
		t.Errorf("Incomplete() = %v; want DamagedError in %s", err, path)
	}
	if err := d.Put(r.take("third", 1)); !errors.As(err, &damaged) || damaged.File != path {
		t.Errorf("Put behind a damaged record: %v; want DamagedError in %s", err, path)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, b) {
		t.Errorf("the damaged index was changed, or %v", err)
	}
}

// A snapshot does not become part of a damaged batch that has its pages.
func TestDamagedPagesAreWrittenAgain(t *testing.T) {
	r, dir, files := damagedRig(t)
	b := files[segmentName(1)]
	b[len(b)/2] ^= 1
	write(t, filepath.Join(dir, segmentName(1)), b)
	other := newRig(t, 12)
	other.mem.ram, other.ram, other.next = r.mem.ram, r.ram, 3
	d := r.open(dir, ReadWrite)
	r.put(d, other.take("third", 0))
	if e, _ := d.Named("third"); r.verify(d, e) != nil {
		t.Error("a new snapshot with pages that are damaged in an old one cannot be loaded")
	}
	bad, err := d.Check()
	if names := namesOf(bad); err != nil || !slices.Equal(names, []string{"first", "second"}) {
		t.Errorf("Check() finds %q damaged, %v; want the first two", names, err)
	}
	// Compaction loses nothing and moves no damage.
	if err := d.Compact(); err != nil {
		t.Fatal(err)
	}
	bad, err = d.Check()
	if names := namesOf(bad); err != nil || !slices.Equal(names, []string{"first", "second"}) {
		t.Errorf("after Compact, Check() finds %q damaged, %v; want the first two", names, err)
	}
}

// A snapshot that cannot be read half-way leaves pages that no record names; what
// is put afterwards is right all the same.
func TestPutOfWhatCannotBeRead(t *testing.T) {
	const pages = 2 * chunkPages
	r := newRig(t, pages)
	from := t.TempDir()
	d := r.open(from, ReadWrite)
	for i := range 3 * batchPages {
		r.incompressible(i)
	}
	r.put(d, r.take("", 0))
	d.Close()
	d = r.open(from, ReadWrite)
	r.incompressible(pages - 1) // in another segment
	r.put(d, r.take("lost", 0))
	d.Close()
	if err := os.Truncate(filepath.Join(from, segmentName(2)), 50); err != nil {
		t.Fatal(err)
	}
	d = r.open(from, ReadOnly)
	e, _ := d.Named("lost")
	lost, err := d.Load(e)
	if err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	to := r.open(dir, ReadWrite)
	r.put(to, newRig(t, pages).take("", 0))
	if err := to.Delete(to.List()[0]); err != nil {
		t.Fatal(err)
	}
	if err := to.Put(lost); !typedError(err) {
		t.Errorf("Put of a snapshot that cannot be read: %v; want a typed error", err)
	}
	good, err := d.Load(d.List()[0])
	if err != nil {
		t.Fatal(err)
	}
	r.put(to, good)
	r.put(to, r.take("next", 10))
	r.wantList(to, "@1", "next@3")
	to.Close()
	to = r.open(dir, ReadWrite)
	r.wantList(to, "@1", "next@3")
	if err := to.Compact(); err != nil {
		t.Fatal(err)
	}
	r.wantList(to, "@1", "next@3")
}

// Where a segment would be written anew but for a batch that is damaged, it stays.
func TestCompactLeavesDamage(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 30)
	d := r.open(dir, ReadWrite)
	for i, n := range []int{2, 2, 12} {
		for p := range n {
			r.incompressible(p)
		}
		if i > 0 {
			clear(r.mem.ram[20*PageSize:])
		}
		r.put(d, r.take(string(rune('a'+i)), 0))
	}
	d.Close()
	path := filepath.Join(dir, segmentName(1))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[200] ^= 1 // in the first batch
	write(t, path, b)
	d = r.open(dir, ReadWrite)
	if err := d.Delete(d.List()[2]); err != nil {
		t.Fatal(err)
	}
	if err := d.Compact(); err != nil {
		t.Errorf("Compact with a damaged batch: %v", err)
	}
	r.put(d, r.take("new", 5))
	bad, err := d.Check()
	if names := namesOf(bad); err != nil || !slices.Equal(names, []string{"a"}) {
		t.Errorf("Check() finds %q damaged, %v; want only %q", names, err, "a")
	}
	for _, e := range d.List()[1:] {
		if err := r.verify(d, e); err != nil {
			t.Errorf("loading %q: %v", e.Name, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 3 {
		t.Errorf("the directory has %q; want no leftovers", left)
	}
}

// A cut tail that is longer than the record that follows it.
func TestShortRecordAfterCut(t *testing.T) {
	r, dir, files := damagedRig(t)
	path, whole := filepath.Join(dir, indexName(1)), files[indexName(1)]
	long := framed.Append(nil, testID, int64(len(whole)), kindChunks, make([]byte, 10000))
	write(t, path, append(bytes.Clone(whole), long[:9000]...))
	d := r.open(dir, ReadWrite)
	var cut *badfile.CutOffError
	if err := d.Incomplete(); !errors.As(err, &cut) || cut.File != path || cut.Offset != int64(len(whole)) {
		t.Errorf("Incomplete() = %v; want CutOffError at byte %d of %s", err, len(whole), path)
	}
	first, err := d.Load(d.List()[0])
	if err != nil {
		t.Fatal(err)
	}
	r.put(d, &Snapshot{Name: "again", State: first.State, ram: first.ram})
	d.Close()
	r.wantList(r.open(dir, ReadOnly), "first@1", "again@1", "second@2")
}

// Check compares the contents with their keys, too.
func TestCheckFindsWrongPages(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 4)
	d := r.open(dir, ReadWrite)
	r.incompressible(0, 1, 2)
	r.put(d, r.take("a", 0))
	b := d.cat.batches[0]
	keys, pages, err := b.read(nil)
	if err != nil {
		t.Fatal(err)
	}
	pages[PageSize] ^= 1
	frame := framed.Append(nil, b.seg.id, b.offset, kindBatch, encodeBatch(keys, pages))
	d.Close()
	whole, err := os.ReadFile(b.seg.path)
	if err != nil || len(frame) != int(b.length) {
		t.Fatalf("%v, or the changed batch has %d bytes, not %d", err, len(frame), b.length)
	}
	write(t, b.seg.path, append(whole[:b.offset], frame...))
	bad, err := r.open(dir, ReadOnly).Check()
	if err != nil || !slices.Equal(namesOf(bad), []string{"a"}) {
		t.Errorf("Check() = %v, %v; want that a page is not what its key says", bad, err)
	}
}

// Check names every damaged place that a snapshot needs, and the same error for all that
// need it.
func TestCheckNamesEveryPlace(t *testing.T) {
	r, dir, files := damagedRig(t)
	for _, name := range []string{segmentName(1), segmentName(2)} {
		b := bytes.Clone(files[name])
		b[len(b)/2] ^= 1
		write(t, filepath.Join(dir, name), b)
	}
	bad, err := r.open(dir, ReadOnly).Check()
	if err != nil || len(bad) != 2 || len(bad[0].Errs) != 1 || len(bad[1].Errs) != 2 || bad[0].Errs[0] != bad[1].Errs[0] {
		t.Fatalf("Check() = %v, %v; want one error for the first snapshot and that and another for the second", bad, err)
	}
	for i, err := range bad[1].Errs {
		if got, want := PlaceOf(err), filepath.Join(dir, segmentName(uint64(i+1))); got != want {
			t.Errorf("PlaceOf(%v) = %q; want %q", err, got, want)
		}
	}
	if got := PlaceOf(ErrChanged); got != ErrChanged.Error() {
		t.Errorf("PlaceOf(%v) = %q; want its text", ErrChanged, got)
	}
}

func namesOf(bad []Damaged) (names []string) {
	for _, b := range bad {
		names = append(names, b.Entry.Name)
	}
	return names
}

// FuzzIndex reads an index whose checksums are right.
func FuzzIndex(f *testing.F) {
	r := newRig(f, 12)
	d := r.open(f.TempDir(), ReadWrite)
	r.put(d, r.take("a", 5))
	r.put(d, r.take("b", 5))
	if err := d.Delete(d.List()[0]); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(d.indexPath(d.generation))
	if err != nil {
		f.Fatal(err)
	}
	rd, err := framed.NewReader(bytes.NewReader(b), "index", indexFormat, framed.MaxPayload)
	if err != nil {
		f.Fatal(err)
	}
	var seed []byte
	for frame, err := rd.Next(); err == nil; frame, err = rd.Next() {
		if len(frame.Payload) < 1<<16 {
			seed = append(seed, frame.Kind, byte(len(frame.Payload)), byte(len(frame.Payload)>>8))
			seed = append(seed, frame.Payload...)
		}
	}
	f.Add(seed)
	f.Add([]byte("\x0500000\x020")) // a name longer by its own length than what is left
	f.Fuzz(func(t *testing.T, b []byte) {
		d := &Disk{dir: "none", ramSize: 12 * PageSize, fs: hostFiles{}, cache: newCache(12)}
		c := d.newCatalog()
		for len(b) >= 3 {
			n := min(int(b[1])|int(b[2])<<8, len(b)-3)
			if c.apply(framed.Frame{Kind: b[0], Payload: b[3 : 3+n]}) != nil {
				break
			}
			b = b[3+n:]
		}
		// Whatever was taken in must bear being looked at.
		c.live()
		for _, r := range c.snaps {
			if len(r.chunks) != c.chunkCount() {
				t.Errorf("a snapshot has %d chunks; want %d", len(r.chunks), c.chunkCount())
			}
			for _, n := range r.chunks {
				c.chunk(n)
			}
		}
	})
}

// FuzzBatch decodes a batch whose checksum is right.
func FuzzBatch(f *testing.F) {
	f.Add(encodeBatch(make([]key, 2), make([]byte, 2*PageSize)))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, pages, err := decodeBatch(kindBatch, b, nil)
		if err == nil && (len(keys) == 0 || len(keys) > batchPages || len(pages) != len(keys)*PageSize) {
			t.Errorf("decoding gives %d keys and %d bytes", len(keys), len(pages))
		}
	})
}

// Whatever keeps pages from being read, it says of which snapshot.
func TestUnreadable(t *testing.T) {
	r := newRig(t, 12)
	d := r.open(t.TempDir(), ReadWrite)
	r.put(d, r.take("a", 9))
	for what, spoil := range map[string]func(path string) error{
		"missing":       os.Remove,
		"cut off":       func(path string) error { return os.Truncate(path, 50) },
		"behind a loop": func(path string) error { return errors.Join(os.Remove(path), os.Symlink(path, path)) },
		"a directory":   func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o755)) },
		"of another version": func(path string) error {
			b, err := os.ReadFile(path)
			newer := framed.Format{Magic: segmentFormat.Magic, Version: segmentFormat.Version + 1}
			return errors.Join(err, os.WriteFile(path, append(newer.Header(testID), b[framed.HeaderSize:]...), 0o644))
		},
	} {
		dir := t.TempDir()
		w := r.open(dir, ReadWrite)
		s, err := d.Load(d.List()[0])
		if err != nil {
			t.Fatal(err)
		}
		r.put(w, s)
		w.Close()
		if err := spoil(filepath.Join(dir, segmentName(1))); err != nil {
			t.Fatal(err)
		}
		w = r.open(dir, ReadOnly)
		if s, err = w.Load(w.List()[0]); err != nil {
			t.Fatal(err)
		}
		_, readErr := s.ReadRAM(make([]byte, len(r.mem.ram)), 0)
		_, restoreErr := newStore(t, newFakeMemory(12), false).Restore(s)
		for _, err := range []error{readErr, restoreErr} {
			var unreadable *UnreadableError
			if !errors.As(err, &unreadable) || unreadable.At != s.State.At || unreadable.Err == nil {
				t.Errorf("pages that are %s: %v; want UnreadableError of the snapshot of %v", what, err, s.State.At)
			}
		}
	}
}
