// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"
	"testing"
)

func TestKeeper(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 100)
	d := r.open(dir, ReadWrite)
	k := newKeeper(d, 0, 10*PageSize)
	var want []string
	for i := range 50 {
		s := r.take(fmt.Sprint(i), 30) // the machine goes on meanwhile
		if err := k.Put(s); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			r.store.Delete(s)
		}
		want = append(want, fmt.Sprintf("%d@%d", i, i+1))
		if k.mu.Lock(); len(k.queue) > 1 && k.bytes > k.most {
			t.Errorf("%d bytes are queued for %d snapshots; want at most %d", k.bytes, len(k.queue), k.most)
		}
		k.mu.Unlock()
	}
	if err := k.Flush(); err != nil {
		t.Fatal(err)
	}
	r.wantList(d, want...)
	if err := errors.Join(k.Close(), k.Close()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if err := k.Put(r.take("late", 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("Put after Close: %v; want %v", err, ErrClosed)
	}
}

func TestKeeperError(t *testing.T) {
	r := newRig(t, 100)
	files := &faultyFiles{most: -1}
	d, err := openDisk(files, t.TempDir(), testID, len(r.mem.ram), ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	k := NewKeeper(d, 0)
	if err := errors.Join(k.Put(r.take("a", 30)), k.Flush()); err != nil {
		t.Fatal(err)
	}
	files.most = files.steps
	for range 3 {
		k.Put(r.take("", 30)) // which of them hears of it is a matter of time
	}
	for what, err := range map[string]error{"Flush": k.Flush(), "Put": k.Put(r.take("b", 30)), "Close": k.Close()} {
		if !errors.Is(err, errStopped) {
			t.Errorf("%s on a full disk: %v; want %v", what, err, errStopped)
		}
	}
	r.wantList(d, "a@1")
}

// With a budget, what is kept is thinned as it grows; named ones stay.
func TestKeeperThins(t *testing.T) {
	r := newRig(t, 64)
	d := r.open(t.TempDir(), ReadWrite)
	const budget = 400 << 10
	k := NewKeeper(d, budget)
	for i := range 60 {
		name := ""
		if i == 20 {
			name = "named"
		}
		r.incompressible(i%16, (i+8)%16)
		if err := k.Put(r.take(name, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	list := r.verifyAll(d)
	if got := d.Bytes(); got > budget || len(list) == 60 {
		t.Errorf("%d snapshots of 60 take %d bytes; want at most %d", len(list), got, budget)
	}
	if _, ok := d.Named("named"); !ok || len(list) < 3 || list[0] != "@1" || list[len(list)-1] != "@60" {
		t.Errorf("what is left is %q; want the first, the named and the last one among them", list)
	}
}

// What is queued counts as if it took all its bytes, unless that would decide it.
func TestKeeperOver(t *testing.T) {
	r := newRig(t, 64)
	d := r.open(t.TempDir(), ReadWrite)
	k := NewKeeper(d, 0)
	defer k.Close()
	for i := range 16 {
		r.mem.write(i*PageSize, byte(i)+1) // compresses well
	}
	if err := k.Put(r.take("", 0)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		budget int64
		want   bool
	}{{1 << 20, false}, {16 * PageSize / 2, false}, {100, true}} {
		if got, err := k.Over(test.budget); got != test.want || err != nil {
			t.Errorf("Over(%d) with %d bytes on disk = %v, %v; want %v", test.budget, d.Bytes(), got, err, test.want)
		}
	}
}
