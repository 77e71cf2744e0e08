// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

// Delete removes a snapshot.
func (d *Disk) Delete(e Entry) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.delete(context.Background(), []Entry{e}, nil); err != nil {
		return fmt.Errorf("deleting the snapshot of %v in %s: %w", e.At, d.dir, err)
	}
	return nil
}

// DeleteAll removes snapshots in one change of the index, and gives back what they took,
// which is the long part of it: progress, if it is not nil, is told of that. If ctx ends
// before the change, nothing is removed. If it ends afterwards, all of them are gone, but
// the files are as large as they were until a later change gives that back; a DeleteAll
// of nothing does so as well. The error is the cause of ctx then. That nothing could be
// given back for another reason is an error of a DeleteAll of nothing only.
func (d *Disk) DeleteAll(ctx context.Context, gone []Entry, progress func(done, all uint64)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.delete(ctx, gone, progress); err != nil {
		return fmt.Errorf("deleting snapshots in %s: %w", d.dir, err)
	}
	return nil
}

func (d *Disk) delete(ctx context.Context, gone []Entry, progress func(done, all uint64)) error {
	if err := d.begin(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(gone) == 0 {
		return d.compactIf(ctx, half, progress)
	}
	if err := d.remove(gone); err != nil {
		return err
	}
	return d.tidy(ctx, progress)
}

// remove records that snapshots are gone.
func (d *Disk) remove(gone []Entry) error {
	f := &frames{id: d.id, base: d.end}
	// The last one goes first: nothing is to be moved up then, here and by who reads it.
	for _, e := range slices.Backward(gone) {
		if d.cat.numbered(e.number) == nil {
			return errors.New("it is not there")
		}
		f.delete(e.number)
	}
	if err := d.appendIndex(f); err != nil {
		return err
	}
	for _, e := range slices.Backward(gone) {
		d.cat.remove(e.number)
	}
	return nil
}

// half is when it is worth the work: more than one part in two of all bytes is not needed.
const half = 2

// tidy compacts after a change, until ctx ends; then it returns the cause. If it fails
// otherwise, the snapshots are what the change made them: that is no error of it, and the
// next one tries again or hears of it.
func (d *Disk) tidy(ctx context.Context, progress func(done, all uint64)) error {
	err := d.compactIf(ctx, half, progress)
	if err != nil && ctx.Err() == nil {
		slog.Warn("the deleted snapshots still take room on the disk", "in", d.dir, "error", err)
		return nil
	}
	return err
}
