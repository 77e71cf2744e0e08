// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/vmrr/vmrr/internal/badfile"
)

// Begin makes ready for changes, as the first one does by itself, and says what would
// keep all of them from being made: another process that writes, or a directory that
// cannot be written to.
func (d *Disk) Begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin(); err != nil {
		return fmt.Errorf("writing snapshots to %s: %w", d.dir, err)
	}
	return nil
}

// Alone runs f while no other process can write to the store, which a recorder keeps open
// for writing as long as it lives. Nothing of the store is changed; f must not change it
// either. It is an error if another process writes.
func (d *Disk) Alone(f func() error) error {
	d.mu.Lock()
	writes := d.lock != nil
	d.mu.Unlock()
	if !writes {
		lock, err := d.fs.Lock(d.dir)
		if err != nil {
			return err
		}
		defer lock.Close()
	}
	return f()
}

// begin makes ready for a change. From the first one on, other processes' changes
// are kept away.
func (d *Disk) begin() error {
	switch {
	case d.closed:
		return ErrClosed
	case d.err != nil:
		return d.err
	case d.mode == ReadOnly:
		return ErrReadOnly
	case d.lock != nil:
		return nil
	}
	if err := d.fs.MkdirAll(d.dir); err != nil {
		return err
	}
	lock, err := d.fs.Lock(d.dir)
	if err != nil {
		return err
	}
	if err := d.takeOver(); err != nil {
		lock.Close()
		return err
	}
	d.lock = lock
	return nil
}

// takeOver makes the store good to be written to: what other processes did
// meanwhile is read, what they left unfinished is removed, a cut tail is cut off.
func (d *Disk) takeOver() error {
	if err := d.load(); err != nil {
		return err
	}
	var damaged *badfile.DamagedError
	if errors.As(d.incomplete, &damaged) {
		return damaged // what it loses may still be wanted
	}
	if d.end == 0 {
		return d.start()
	}
	if err := d.removeLeftovers(); err != nil {
		return err
	}
	if err := d.syncSegments(d.cat.segments); err != nil {
		return err
	}
	f, err := d.fs.Update(d.indexPath(d.generation))
	if err != nil {
		return err
	}
	if err := f.Truncate(d.end); err != nil {
		f.Close()
		return err
	}
	d.install(d.cat, d.generation, f, d.end, d.nextSegment)
	return nil
}

// start begins the first index, or the next where not even the first record of the
// last one is there.
func (d *Disk) start() error {
	if err := d.removeLeftovers(); err != nil {
		return err
	}
	if err := d.fs.SyncDir(filepath.Dir(d.dir)); err != nil { // the directory may be new
		return err
	}
	cat := d.newCatalog()
	if err := d.writeIndex(d.newIndex(cat).b, cat); err != nil {
		return err
	}
	return d.removeLeftovers()
}

// syncSegments makes segments durable: a named snapshot may use pages of a writer that
// was killed before it synced them. One that cannot be opened is left alone: its pages
// are not used.
func (d *Disk) syncSegments(list []*segment) error {
	if len(list) == 0 {
		return nil
	}
	for _, s := range list {
		f, err := s.open()
		if err != nil {
			continue
		}
		if err := f.Sync(); err != nil {
			return fmt.Errorf("making pages of a snapshot durable: %w", err)
		}
	}
	return d.fs.SyncDir(d.dir)
}

// removeLeftovers removes the files that the index does not name: those of a writer
// that was killed, and those that compact has replaced.
func (d *Disk) removeLeftovers() error {
	names, err := d.fs.ReadDir(d.dir)
	if err != nil {
		return err
	}
	ours := map[string]bool{indexName(d.generation): true}
	for _, s := range d.cat.segments {
		ours[segmentName(s.number)] = true
	}
	for _, name := range names {
		if isStoreFile(name) && !ours[name] {
			if err := d.fs.Remove(filepath.Join(d.dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
