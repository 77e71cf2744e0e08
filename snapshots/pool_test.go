// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bytes"
	"slices"
	"testing"
)

func TestPagesAreHeldOnce(t *testing.T) {
	r := newRig(t, 100)
	for i := range 40 {
		r.mem.write(i*PageSize, byte(i)+1)
	}
	r.take("a", 0)
	once := r.store.Bytes()
	if want := int64(40*PageSize + chunkBytes); once != want {
		t.Errorf("a snapshot of 40 pages takes %d bytes; want %d", once, want)
	}
	for range 4 {
		r.take("", 0)
	}
	if got := r.store.Bytes(); got != once {
		t.Errorf("five snapshots at one place take %d bytes; want %d as one", got, once)
	}
	// The same contents elsewhere.
	for i := range 40 {
		r.mem.write((i+50)*PageSize, byte(i)+1)
	}
	moved := r.take("", 0)
	if got := r.store.Bytes(); got != once+chunkBytes {
		t.Errorf("with the same pages at other places too it is %d bytes; want %d", got, once+chunkBytes)
	}
	// All is given back but what RAM holds.
	for _, s := range r.store.List() {
		r.store.Delete(s)
	}
	if got := r.store.Bytes(); got != once {
		t.Errorf("without any snapshot it is %d bytes; want %d", got, once)
	}
	r.store.Forget()
	if got, left := r.store.Bytes(), len(r.store.pool.pages)+len(r.store.pool.chunks); got != 0 || left != 0 {
		t.Errorf("in the end it is %d bytes, %d entries; want none", got, left)
	}
	// A snapshot that was deleted is still good, and is counted while RAM holds it.
	if _, err := r.store.Restore(moved); err != nil || !bytes.Equal(r.mem.ram, r.ram[6]) {
		t.Errorf("Restore of a deleted snapshot: %v, or RAM is not right", err)
	}
	if got := r.store.Bytes(); got != once {
		t.Errorf("after its Restore it is %d bytes; want %d", got, once)
	}
}

func TestEqualHashesAreNotEqualPages(t *testing.T) {
	p := newPool()
	var pages []*page
	for i := range 3 {
		var d pageData
		d[0] = byte(i)
		x := p.intern(&d)
		pages = append(pages, x)
	}
	for _, x := range pages[1:] { // pretend that they collide
		p.leave(x)
		x.hash = pages[0].hash
		p.enter(x)
	}
	for _, x := range pages {
		if got := p.find(pages[0].hash, x.data); got != x {
			t.Errorf("looking for page %d among those of its hash finds %p; want %p", x.data[0], got, x)
		}
	}
	for i, x := range []*page{pages[1], pages[0], pages[2]} {
		p.leave(x)
		if got := p.find(x.hash, x.data); got != nil || p.bytes != int64(2-i)*PageSize {
			t.Errorf("after page %d left, it is found: %v, and %d bytes remain", x.data[0], got != nil, p.bytes)
		}
	}
	if len(p.pages) != 0 {
		t.Errorf("the pool still has %d hashes", len(p.pages))
	}
}

// A snapshot of another store brings no second copy, and either may go.
func TestAddFromAnotherStore(t *testing.T) {
	a, b := newRig(t, 60), newRig(t, 60)
	a.take("one", 60)
	copy(b.mem.ram, a.mem.ram)
	b.take("same", 0)
	b.mem.dirty(b.rand, 5)
	before := b.store.Bytes()
	if err := b.store.Add(a.store.Named("one")); err != nil {
		t.Fatal(err)
	}
	if got := b.store.Bytes(); got > before+chunkBytes {
		t.Errorf("the same RAM from another store takes %d more bytes; want %d", got-before, chunkBytes)
	}
	a.store.Delete(a.store.Named("one"))
	a.store.Forget()
	if a.store.Bytes() != 0 {
		t.Errorf("the other store still has %d bytes", a.store.Bytes())
	}
	if _, err := b.store.Restore(b.store.Named("one")); err != nil || !bytes.Equal(b.mem.ram, a.ram[1]) {
		t.Errorf("Restore: %v, or RAM is not what was taken", err)
	}
	// One that was never added.
	snap := a.take("two", 20)
	if _, err := b.store.Restore(snap); err != nil || !bytes.Equal(b.mem.ram, a.ram[2]) {
		t.Errorf("Restore of another store's snapshot: %v, or RAM is not what was taken", err)
	}
	if got, want := b.store.Bytes(), recount(b.store); got != want {
		t.Errorf("Bytes() = %d; counted one by one %d", got, want)
	}
	var names []string
	for _, s := range b.store.List() {
		names = append(names, s.Name)
	}
	if want := []string{"same", "one"}; !slices.Equal(names, want) {
		t.Errorf("the store has %q; want %q", names, want)
	}
}
