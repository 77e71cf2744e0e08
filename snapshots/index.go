// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
)

// An index file says what a store has. It grows until compact writes its successor,
// a generation on; the one of the highest number counts.
var indexFormat = framed.Format{Magic: "vmrrsnap", Version: 1}

const tempSuffix = ".tmp" // of a file that is being written

func indexName(generation uint64) string { return fmt.Sprintf("index-%04d.log", generation) }

func (d *Disk) indexPath(generation uint64) string {
	return filepath.Join(d.dir, indexName(generation))
}

// numberIn returns the number in a file's name between a prefix and a suffix.
func numberIn(name, prefix, suffix string) (uint64, bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	digits, ok2 := strings.CutSuffix(rest, suffix)
	n, err := strconv.ParseUint(digits, 10, 62)
	return n, ok && ok2 && err == nil && n > 0
}

// load reads the index.
func (d *Disk) load() error {
	// Another process may replace the index between the look and the opening.
	for try := 0; ; try++ {
		err := d.loadLatest()
		if !errors.Is(err, fs.ErrNotExist) || try == 3 {
			return err
		}
	}
}

func (d *Disk) loadLatest() error {
	generation, nextSegment, err := look(d.fs, d.dir)
	if err != nil {
		return err
	}
	cat := d.newCatalog()
	if generation == 0 {
		d.install(cat, 0, nil, 0, nextSegment)
		if nextSegment > 1 { // an index is made before the first segment
			d.incomplete = &badfile.DamagedError{File: d.indexPath(1), Offset: -1, What: "it is missing, though there are pages"}
		}
		return nil
	}
	path := d.indexPath(generation)
	f, err := d.fs.Open(path)
	if err != nil {
		return err
	}
	end, err := d.readIndex(f, path, cat)
	var (
		cut     *badfile.CutOffError
		damaged *badfile.DamagedError
	)
	if errors.As(err, &cut) {
		err = fmt.Errorf("%w: %s", err, cat.left())
	} else if err != nil && (end == 0 || !errors.As(err, &damaged)) {
		f.Close() // without the first frame, all that can be is that it was cut off
		return err
	}
	for _, s := range cat.segments {
		nextSegment = max(nextSegment, s.number+1)
	}
	d.install(cat, generation, f, end, nextSegment)
	d.incomplete = err
	return nil
}

// left says which snapshots an index has that was cut off.
func (c *catalog) left() string {
	switch n := len(c.snaps); n {
	case 0:
		return "no snapshot is left before that, and all that there were may be lost"
	case 1:
		return fmt.Sprintf("1 snapshot is left before that, the one of %v, and later ones may be lost", c.snaps[0].At)
	default:
		return fmt.Sprintf("%d snapshots are left before that, the last one of %v, and later ones may be lost", n, c.snaps[n-1].At)
	}
}

// look returns the number of the index file in a directory that counts, 0 if there is
// none, and a number that no segment has.
func look(files filesystem, dir string) (generation, nextSegment uint64, err error) {
	names, err := files.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, 0, err
	}
	for _, name := range names {
		if n, ok := numberIn(name, "index-", ".log"); ok {
			generation = max(generation, n)
		}
		if n, ok := numberIn(name, "pages-", ".seg"); ok {
			nextSegment = max(nextSegment, n)
		}
	}
	return generation, nextSegment + 1, nil
}

// install makes a catalog the present one, whose index file is read from f.
func (d *Disk) install(cat *catalog, generation uint64, f file, end int64, nextSegment uint64) {
	if d.index != nil {
		d.index.Close() // it was only read, or is synced
	}
	if d.cat != nil && d.cat != cat {
		d.cat.retire()
		d.retireSegments(cat)
	}
	for _, s := range cat.segments {
		s.index.Store(generation)
	}
	d.cat, d.generation, d.index, d.end, d.nextSegment = cat, generation, f, end, nextSegment
	d.incomplete, d.recorded = nil, cat.extent()
}

// retireSegments lets go of those that a new catalog does not have. Their files may be
// removed next, so they are opened if a snapshot that was loaded may need them, and
// stay so until Close.
func (d *Disk) retireSegments(cat *catalog) {
	for _, s := range d.cat.segments {
		switch {
		case slices.Contains(cat.segments, s):
		case s.loaded:
			s.open() // who needs it and cannot have it hears of it
			d.retired = append(d.retired, s)
		default:
			s.close()
		}
	}
}

// readIndex reads an index file into an empty catalog and returns where its whole
// frames end: 0 if there is not even the first.
func (d *Disk) readIndex(f file, path string, cat *catalog) (end int64, err error) {
	size, err := f.Size()
	if err != nil {
		return 0, err
	}
	r, err := framed.NewReader(io.NewSectionReader(f, 0, size), path, indexFormat, framed.MaxPayload)
	if err != nil {
		return 0, err
	}
	if r.ID() != d.id {
		return 0, &badfile.OtherRecordingError{File: path, Want: hex.EncodeToString(d.id[:]), Got: hex.EncodeToString(idOf(r))}
	}
	for {
		frame, err := r.Next()
		if err == io.EOF {
			if end == 0 {
				return 0, &badfile.CutOffError{File: path, Offset: framed.HeaderSize}
			}
			return end, nil
		}
		if err != nil {
			return end, err
		}
		if end == 0 {
			err = d.checkHead(frame, path, cat)
		} else if failed := cat.apply(frame); failed != nil {
			err = &badfile.DamagedError{File: path, Offset: frame.Offset, What: failed.Error()}
		}
		if err != nil {
			return end, err
		}
		end = r.Offset()
	}
}

func (d *Disk) checkHead(f framed.Frame, path string, cat *catalog) error {
	head := decoder{b: f.Payload}
	ramSize := head.uvarint()
	cat.last = head.uvarint()
	if f.Kind != kindHead || head.err != nil || len(head.b) > 0 {
		return &badfile.DamagedError{File: path, Offset: f.Offset, What: "its first record is not that of an index"}
	}
	if ramSize != uint64(d.ramSize) {
		return &badfile.MismatchError{File: path, What: "size of RAM in bytes", Want: fmt.Sprint(d.ramSize), Got: fmt.Sprint(ramSize)}
	}
	return nil
}

// newIndex begins the contents of an index file for a catalog.
func (d *Disk) newIndex(c *catalog) *frames {
	f := &frames{id: d.id, b: indexFormat.Header(d.id)}
	f.add(kindHead, binary.AppendUvarint(binary.AppendUvarint(nil, uint64(d.ramSize)), c.last))
	return f
}

// writeIndex writes an index file of the next generation, durably or not at all,
// and makes its catalog the present one.
func (d *Disk) writeIndex(contents []byte, cat *catalog) error {
	path := d.indexPath(d.generation + 1)
	f, err := d.fs.Create(path + tempSuffix)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(contents, 0)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = d.fs.Rename(path+tempSuffix, path)
	}
	if err != nil {
		f.Close()
		d.fs.Remove(path + tempSuffix) // the first error is the one to report
		return err
	}
	d.install(cat, d.generation+1, f, int64(len(contents)), d.nextSegment)
	return d.sticky(d.fs.SyncDir(d.dir))
}

// appendIndex writes frames behind the index.
func (d *Disk) appendIndex(f *frames) error {
	if _, err := d.index.WriteAt(f.b, d.end); err != nil {
		// Readers would take the rest for a cut tail, but so it is tidier.
		d.index.Truncate(d.end)
		return d.sticky(fmt.Errorf("writing the index of the snapshots: %w", err))
	}
	d.end = f.end()
	return nil
}

// isStoreFile reports whether a file of that name is an index or a segment, perhaps
// one that was not finished.
func isStoreFile(name string) bool {
	name = strings.TrimSuffix(name, tempSuffix)
	_, index := numberIn(name, "index-", ".log")
	_, pages := numberIn(name, "pages-", ".seg")
	return index || pages
}
