// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/machine"
)

// Compact compacts a store although little may be gained.
func (d *Disk) Compact() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin(); err != nil {
		return err
	}
	return d.compact(context.Background(), nil)
}

// incompressible fills pages with bytes that no page has had.
func (r *rig) incompressible(pages ...int) {
	for _, p := range pages {
		for i := range PageSize {
			r.mem.write(p*PageSize+i, byte(r.rand.Uint32()))
		}
	}
}

func TestCompactGivesBack(t *testing.T) {
	const pages = 300
	dir := t.TempDir()
	r := newRig(t, pages)
	d := r.open(dir, ReadWrite)
	for i := range 10 {
		for range 10 {
			r.incompressible(i*20 + r.rand.IntN(20))
		}
		r.put(d, r.take(fmt.Sprint(i), 0))
	}
	full := d.Bytes()
	held, err := d.Load(d.List()[3])
	if err != nil {
		t.Fatal(err)
	}
	gone := d.List()[3]
	for _, e := range d.List() {
		if e.Name != "1" && e.Name != "2" {
			if err := d.Delete(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.wantList(d, "1@2", "2@3")
	if got := d.Bytes(); got > full*4/10 {
		t.Errorf("with 2 of 10 snapshots left the store has %d of %d bytes; want that it compacts itself", got, full)
	}
	if err := d.Compact(); err != nil {
		t.Fatal(err)
	}
	if all, live := d.Bytes(), d.liveBytes(); all > live*3/2 {
		t.Errorf("compacted, the store has %d bytes, of which %d are needed", all, live)
	}
	// What was loaded before can still be read.
	got := make([]byte, len(r.mem.ram))
	if _, err := held.ReadRAM(got, 0); err != nil || !bytes.Equal(got, r.ram[gone.At.ICount]) {
		t.Errorf("a snapshot that was loaded before: %v, or its RAM is not right", err)
	}
	if _, err := d.Load(gone); err == nil {
		t.Error("loading what was deleted has no error")
	}
	// And be put back, and the store goes on.
	r.put(d, held)
	r.put(d, r.take("new", 5))
	r.wantList(d, "1@2", "2@3", "3@4", "new@11")
	d.Close()
	d = r.open(dir, ReadWrite)
	r.wantList(d, "1@2", "2@3", "3@4", "new@11")
	if names, _ := os.ReadDir(dir); len(names) > 8 {
		t.Errorf("the directory has %v; want no leftovers", names)
	}
}

func TestCompactKeepsGoodSegments(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 20)
	for i := range 2 {
		d := r.open(dir, ReadWrite)
		r.incompressible(i, i+4, i+8)
		r.put(d, r.take(fmt.Sprint(i), 0))
		d.Close()
	}
	d := r.open(dir, ReadWrite)
	r.incompressible(0, 1, 4, 5, 8, 9, 10, 11)
	r.put(d, r.take("2", 0))
	if err := d.Delete(d.List()[1]); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(d.cat.segments[0].path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Compact(); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(d.cat.segments[0].path)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("a segment that is needed in full was written anew, or %v", err)
	}
	if len(d.cat.segments) != 2 {
		t.Errorf("there are %d segments; want 2", len(d.cat.segments))
	}
	r.wantList(d, "0@1", "2@3")
}

// When one step of a compaction fails, what is put afterwards is right or refused.
func TestPutAfterFailedCompact(t *testing.T) {
	for step := 0; ; step++ {
		dir := t.TempDir()
		r := newRig(t, 128)
		files := &faultyFiles{most: -1, once: true}
		d, err := openDisk(files, dir, testID, len(r.mem.ram), ReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			r.incompressible(i)
			r.put(d, r.take("", 0))
		}
		want := []string{"@1", "@2", "@3", "@4", "@5"}
		files.most = files.steps + step
		failed := d.Compact()
		refused := d.Put(r.take("x", 20))
		d.Close()
		d = r.open(dir, ReadOnly)
		got := r.verifyAll(d)
		if refused == nil {
			want = append(want, "x@6")
		} else if len(got) > 5 {
			got = got[:5] // written, but perhaps not durable
		}
		if !slices.Equal(got, want) {
			t.Errorf("after step %d failed with %v, the store has %q; want %q", step, failed, got, want)
		}
		if files.steps <= files.most {
			if step < 8 {
				t.Errorf("the test takes %d steps: it is void", step)
			}
			return
		}
	}
}

// A compaction that begins anew, because of a segment that cannot be read, tells of no
// step back.
func TestCompactAroundABadSegment(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 30)
	for range 2 { // segments
		d := r.open(dir, ReadWrite)
		for range 24 {
			r.incompressible(1, 2, 3, 4)
			r.put(d, r.take("", 0))
		}
		d.Close()
	}
	d := r.open(dir, ReadWrite)
	var gone []Entry
	for i, e := range d.List() {
		if i%8 > 0 {
			gone = append(gone, e)
		}
	}
	bad := d.cat.segments[len(d.cat.segments)-1].path
	d.Close()
	b, err := os.ReadFile(bad)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) / 2; i < len(b); i++ {
		b[i] ^= 0x55
	}
	if err := os.WriteFile(bad, b, 0o644); err != nil {
		t.Fatal(err)
	}
	d = r.open(dir, ReadWrite)
	var shown []uint64
	if err := d.DeleteAll(context.Background(), gone, func(done, _ uint64) { shown = append(shown, done) }); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(shown) || len(shown) < 6 {
		t.Errorf("the steps that were told of: %d; want some, in order", shown)
	}
	if _, err := os.Stat(bad); err != nil {
		t.Errorf("the segment that cannot be read: %v; want that it stays", err)
	}
}

func TestDiskThin(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 64)
	d := r.open(dir, ReadWrite)
	const budget = 400 << 10
	for i := range 60 {
		name := ""
		if i == 20 {
			name = "named"
		}
		r.incompressible(i%16, (i+8)%16)
		r.put(d, r.take(name, 0))
		present := machine.Moment{ICount: r.next - 1}
		if _, err := d.Thin(budget, present); err != nil {
			t.Fatal(err)
		}
		if got := d.Bytes(); got > budget {
			t.Fatalf("after %d snapshots the store has %d bytes; want at most %d", i+1, got, budget)
		}
	}
	list := r.verifyAll(d)
	if len(list) < 5 || len(list) > 40 || list[0] != "@1" || list[len(list)-1] != "@60" {
		t.Errorf("what is left is %q; want the first, some, and the last", list)
	}
	if _, ok := d.Named("named"); !ok {
		t.Error("a named snapshot was thinned")
	}
}
