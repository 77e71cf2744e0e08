// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"context"
	"errors"
	"fmt"
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
// of nothing does so as well. The error is the cause of ctx then.
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
	if err := d.remove(gone); err != nil {
		return err
	}
	return d.tidy(ctx, progress)
}

// remove records that snapshots are gone.
func (d *Disk) remove(gone []Entry) error {
	if len(gone) == 0 {
		return nil
	}
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

// tidy compacts if more than half of all bytes are not needed, until ctx ends; then it
// returns the cause. If it fails otherwise, the snapshots are what they were: it is no
// error of the change that came before, and the next one tries again or hears of it.
func (d *Disk) tidy(ctx context.Context, progress func(done, all uint64)) error {
	if err := d.compactIf(ctx, 2, progress); err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
