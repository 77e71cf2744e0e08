// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"
	"slices"
)

// Damaged is a snapshot that cannot be restored, and why: an error for each place that is
// damaged of what it needs, the same one for all snapshots that need it.
type Damaged struct {
	Entry Entry
	Errs  []error
}

// Check reads all that the snapshots need and compares it with its checksums. It
// returns the snapshots that are damaged, and what Incomplete does. If another process
// compacts the store meanwhile, Check reads the index again, so that List has what
// that process left; if it never rests, the error is ErrChanged.
func (d *Disk) Check() ([]Damaged, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, ErrClosed
	}
	for range 4 {
		all := d.check()
		changed := func(x Damaged) bool { return errors.Is(errors.Join(x.Errs...), ErrChanged) }
		if d.lock != nil || !slices.ContainsFunc(all, changed) { // who writes, does so alone
			return all, d.incomplete
		}
		if err := d.load(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("checking the snapshots in %s: %w", d.dir, ErrChanged)
}

// check returns the snapshots that are damaged, or that another process has changed.
func (d *Disk) check() (all []Damaged) {
	live := d.cat.live()
	bad := make(map[*batch]error)
	var buf []byte
	for _, b := range d.cat.batches {
		if live[b] == 0 {
			continue
		}
		keys, pages, err := b.read(buf)
		if err == nil {
			err = b.checkKeys(keys, pages)
			buf = pages
		}
		if err != nil {
			bad[b] = err
		}
	}
	for _, r := range d.cat.snaps {
		errs := d.badOf(r, bad)
		if _, err := d.state(r); err != nil {
			errs = append(errs, err)
		}
		if len(errs) > 0 {
			all = append(all, Damaged{r.Entry, errs})
		}
	}
	return all
}

// checkKeys compares pages with their keys.
func (b *batch) checkKeys(keys []key, pages []byte) error {
	for i, want := range keys {
		if got := keyOf(asPage(pages, i)); got != want {
			return b.damaged(fmt.Sprintf("page %d of a batch has key %x, its bytes give %x", i, want, got))
		}
	}
	return nil
}

// badOf returns what is wrong with the batches that a snapshot needs and that are damaged.
func (d *Disk) badOf(r *record, bad map[*batch]error) (errs []error) {
	if len(bad) == 0 {
		return nil
	}
	pages := make(map[*batch]uint64)
	for _, n := range r.chunks {
		if n > 0 {
			d.cat.mark(d.cat.chunks[n-1], pages)
		}
	}
	for _, b := range d.cat.batches {
		if pages[b] != 0 && bad[b] != nil {
			errs = append(errs, bad[b])
		}
	}
	return errs
}
