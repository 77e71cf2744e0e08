// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// many fills a store with n snapshots of one new page each, and a named one in the middle.
func (r *rig) many(d *Disk, n int) {
	for i := range n {
		name := ""
		if i == n/2 {
			name = "named"
		}
		r.incompressible(i % 16)
		r.put(d, r.take(name, 0))
	}
}

// automatic returns the entries without a name.
func automatic(d *Disk) []Entry {
	return slices.DeleteFunc(d.List(), func(e Entry) bool { return e.Name != "" })
}

// However many go, the index is written anew once.
func TestDeleteAll(t *testing.T) {
	r, dir := newRig(t, 64), t.TempDir()
	d := r.open(dir, ReadWrite)
	r.many(d, 200)
	generation, full := d.generation, d.Bytes()
	var shown []uint64
	if err := d.DeleteAll(context.Background(), automatic(d), func(done, all uint64) { shown = append(shown, all-done) }); err != nil {
		t.Fatal(err)
	}
	r.wantList(d, "named@101")
	if got := d.generation - generation; got != 1 {
		t.Errorf("deleting 199 snapshots wrote %d new indexes; want 1", got)
	}
	if got := d.Bytes(); got > full/2 {
		t.Errorf("with 1 of 200 snapshots left the store has %d of %d bytes; want that it is compacted", got, full)
	}
	if len(shown) == 0 || shown[len(shown)-1] != 0 {
		t.Errorf("progress has so much left, each time: %d; want 0 at the end", shown)
	}
	d.Close()
	d = r.open(dir, ReadWrite)
	r.wantList(d, "named@101")
	gone := d.List()[0]
	if err := d.DeleteAll(context.Background(), []Entry{gone}, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.DeleteAll(context.Background(), []Entry{gone}, nil); err == nil || !strings.Contains(err.Error(), "not there") {
		t.Errorf("deleting what is gone: %v; want an error", err)
	}
}

// A signal ends the deletion at any step, and what is there is whole.
func TestDeleteAllInterrupted(t *testing.T) {
	stopped := errors.New("stopped by the test")
	r, dir := newRig(t, 64), t.TempDir()
	d := r.open(dir, ReadWrite)
	r.many(d, 50)
	all := r.verifyAll(d)
	ctx, stop := context.WithCancelCause(context.Background())
	stop(stopped)
	if err := d.DeleteAll(ctx, automatic(d), nil); !errors.Is(err, stopped) {
		t.Errorf("DeleteAll when it is to stop already: %v; want %v", err, stopped)
	}
	r.wantList(d, all...)

	full, steps := d.Bytes(), 0
	ctx, stop = context.WithCancelCause(context.Background())
	err := d.DeleteAll(ctx, automatic(d), func(_, _ uint64) { steps++; stop(stopped) })
	if !errors.Is(err, stopped) || steps != 1 {
		t.Errorf("DeleteAll that is stopped at its first step: %v after %d steps; want %v after one", err, steps, stopped)
	}
	r.wantList(d, "named@26")
	d.Close()
	d = r.open(dir, ReadWrite)
	r.wantList(d, "named@26")
	if got := d.Bytes(); got < full {
		t.Errorf("stopped before it compacts, the store has %d of %d bytes; want all", got, full)
	}
	// It goes on where it was.
	if err := d.DeleteAll(context.Background(), nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := d.Bytes(); got > full/2 {
		t.Errorf("DeleteAll of nothing leaves %d of %d bytes; want that it compacts", got, full)
	}
	r.put(d, r.take("new", 3))
	r.wantList(d, "named@26", "new@51")
}

// That a deletion gives nothing back is no error of it, but of who asks for just that.
func TestDeleteAllThatCannotCompact(t *testing.T) {
	r, dir := newRig(t, 64), t.TempDir()
	files := &faultyFiles{most: -1}
	d, err := openDisk(files, dir, testID, len(r.mem.ram), ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r.many(d, 50)
	files.once = true
	files.most = files.steps + 2 // behind the change of the index
	if err := d.DeleteAll(context.Background(), automatic(d), nil); err != nil {
		t.Errorf("DeleteAll that cannot compact: %v; want no error, all are gone", err)
	}
	r.wantList(d, "named@26")
	files.most = files.steps
	if err := d.DeleteAll(context.Background(), nil, nil); !errors.Is(err, errStopped) {
		t.Errorf("DeleteAll of nothing that cannot compact: %v; want %v", err, errStopped)
	}
	full := d.Bytes()
	if err := d.DeleteAll(context.Background(), nil, nil); err != nil || d.Bytes() > full/2 {
		t.Errorf("DeleteAll of nothing, later: %v, leaves %d of %d bytes; want that it compacts", err, d.Bytes(), full)
	}
}
