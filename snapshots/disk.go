// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
)

// Mode says what may be done with a store on disk.
type Mode int

const (
	ReadOnly  Mode = iota // nothing is ever written, the directory may be read-only
	ReadWrite             // the first change creates what is missing and keeps other writers away
)

// Disk holds the snapshots of one recording in a directory. Its methods may be
// called on any goroutine. A snapshot that it loaded stays good while the Disk is
// open, whatever else happens to it there.
type Disk struct {
	dir     string
	id      framed.ID
	ramSize int
	mode    Mode
	fs      filesystem
	cache   *cache

	mu          sync.Mutex
	cat         *catalog
	generation  uint64 // number of the index file, 0 if there is none
	index       file
	end         int64 // of the index's whole frames, bytes
	incomplete  error // damaged or cut off: why the index was not read to its end
	nextSegment uint64

	// recorded is how much of the catalog is in the index file. The rest is of a Put
	// that failed before its record, and goes there with the next.
	recorded extent
	linked   map[*batch]*batch // batches of another store that are here too
	retired  []*segment        // not in the catalog any more, but snapshots were loaded of them

	lock   io.Closer // not nil once something was written
	packer *packer   // nil until a snapshot was put
	err    error     // what made writing impossible
	closed bool
}

// OpenDisk opens the snapshots in a directory, those of the recording with the id,
// whose machine has ramSize bytes of RAM. A directory that is missing or empty has
// none. An index whose tail is damaged or cut off opens with what is before it, see
// Incomplete. Errors are those of package badfile and of the file system.
func OpenDisk(dir string, id framed.ID, ramSize int, mode Mode) (*Disk, error) {
	return openDisk(hostFiles{}, dir, id, ramSize, mode)
}

func openDisk(fs filesystem, dir string, id framed.ID, ramSize int, mode Mode) (*Disk, error) {
	if ramSize <= 0 || ramSize%PageSize != 0 {
		return nil, fmt.Errorf("a RAM of %d bytes cannot be snapshotted: want a multiple of %d", ramSize, PageSize)
	}
	d := &Disk{dir: dir, id: id, ramSize: ramSize, mode: mode, fs: fs, cache: newCache(min(ramSize, maxCached) / PageSize)}
	if err := d.load(); err != nil {
		return nil, fmt.Errorf("opening the snapshots in %s: %w", dir, err)
	}
	return d, nil
}

// newSegment returns the segment of a number and id. One that the store had before
// it was read again is the same, with its open file: snapshots were loaded from it.
func (d *Disk) newSegment(number uint64, id framed.ID) *segment {
	if d.cat != nil {
		for _, s := range d.cat.segments {
			if s.number == number && s.id == id {
				return s
			}
		}
	}
	return &segment{number: number, id: id, path: filepath.Join(d.dir, segmentName(number)), fs: d.fs}
}

func (d *Disk) newCatalog() *catalog {
	return &catalog{owner: d, ramSize: d.ramSize, byRefs: make(map[string]uint64), byNumber: make(map[uint64]*record)}
}

// Incomplete returns *badfile.DamagedError if the end of the index is damaged,
// *badfile.CutOffError if it is cut off: snapshots that were recorded behind that place
// are not known. The error of an index that is cut off says what is left. It is nil if
// the index is whole.
func (d *Disk) Incomplete() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.incomplete
}

// Begun reports whether there is an index, which a store has from its first change on,
// even if it has no snapshots any more.
func (d *Disk) Begun() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.generation > 0
}

// List returns the snapshots, earliest first.
func (d *Disk) List() []Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.list()
}

func (d *Disk) list() (all []Entry) {
	for _, r := range d.cat.snaps {
		all = append(all, r.Entry)
	}
	return all
}

// Named returns the snapshot of that name, if there is one.
func (d *Disk) Named(name string) (Entry, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.cat.named(name); r != nil {
		return r.Entry, true
	}
	return Entry{}, false
}

// Load returns a snapshot. Its pages are read when a Restore or ReadRAM needs them.
func (d *Disk) Load(e Entry) (*Snapshot, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.loadEntry(e)
}

func (d *Disk) loadEntry(e Entry) (*Snapshot, error) {
	if d.closed {
		return nil, ErrClosed
	}
	r := d.cat.numbered(e.number)
	if r == nil {
		return nil, fmt.Errorf("the snapshot of %v is no longer in %s", e.At, d.dir)
	}
	state, err := d.state(r)
	if err != nil {
		return nil, fmt.Errorf("loading the snapshot of %v: %w", e.At, err)
	}
	s := &Snapshot{Name: r.Name, State: state, ram: newTable(d.ramSize / PageSize)}
	for i, n := range r.chunks {
		s.ram.chunks[i] = d.cat.chunk(n)
	}
	return s, nil
}

// state reads a snapshot's state from the index file.
func (d *Disk) state(r *record) (State, error) {
	path := d.indexPath(d.generation)
	f, err := framed.ReadAt(d.index, path, d.id, r.offset, framed.MaxPayload)
	if err != nil {
		return State{}, err
	}
	if f.Kind != kindSnapshot {
		return State{}, &badfile.DamagedError{File: path, Offset: r.offset, What: "a frame is not what it was when the index was read"}
	}
	_, state, err := d.cat.decodeSnapshot(f)
	if err != nil {
		err = &badfile.DamagedError{File: path, Offset: r.offset, What: err.Error()}
	}
	return state, err
}

// Bytes returns how many bytes the files take.
func (d *Disk) Bytes() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bytes()
}

func (d *Disk) bytes() int64 {
	n := d.end
	for _, s := range d.cat.segments {
		n += s.size()
	}
	return n
}

// liveBytes returns how many of them the snapshots need.
func (d *Disk) liveBytes() int64 {
	n := d.cat.bytes()
	for b, needed := range d.cat.live() {
		n += b.share(needed)
	}
	return n
}

// Close closes the files. Snapshots that were loaded can no longer read what they
// have not read yet.
func (d *Disk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	var errs []error
	if d.packer != nil {
		errs = append(errs, d.packer.seal())
	}
	for _, s := range slices.Concat(d.cat.segments, d.retired) {
		errs = append(errs, s.close())
	}
	if d.index != nil {
		errs = append(errs, d.index.Close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	return errors.Join(errs...)
}
