// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
)

// A segment is a file of batches. It only grows, and only while the process that
// made it writes; so another store may have the same file by a hard link. Its id
// is its own, and the index of each store that uses it names the id.
var segmentFormat = framed.Format{Magic: "vmrrpage", Version: 2}

// segmentSize is the size in bytes beyond which a segment is not continued.
const segmentSize = 16 << 20

func segmentName(n uint64) string { return fmt.Sprintf("pages-%04d.seg", n) }

// segment is one that an index names. It may be read by several goroutines.
type segment struct {
	number uint64
	id     framed.ID
	path   string
	fs     filesystem
	// index is the generation of the last index that is known here to name it.
	index atomic.Uint64
	// loaded says that a snapshot was loaded that needs it. It is under the Disk's lock.
	loaded bool

	mu     sync.Mutex
	f      file // nil: not open yet
	closed bool
}

// open returns the file, open and known to be the segment.
func (s *segment) open() (file, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("reading %s: %w", s.path, ErrClosed)
	}
	if s.f != nil {
		return s.f, nil
	}
	f, err := s.fs.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s.missing()
	}
	if err != nil {
		return nil, fmt.Errorf("opening a file of snapshots: %w", err)
	}
	r, err := framed.NewReader(io.NewSectionReader(f, 0, framed.HeaderSize), s.path, segmentFormat, maxBatch)
	var cut *badfile.CutOffError
	switch {
	case errors.As(err, &cut):
		err = &badfile.DamagedError{File: s.path, Offset: cut.Offset, What: "it is cut off there"} // it has pages, the index says
	case err == nil && r.ID() != s.id:
		// To the index that names it, it is lost like one that is missing.
		err = &badfile.DamagedError{File: s.path, Offset: -1, What: fmt.Sprintf("it is of other snapshots: id %v, want %v", r.ID(), s.id)}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	s.f = f
	return f, nil
}

// missing says why there is no file: an index is replaced before a segment goes that
// its successor does not name.
func (s *segment) missing() error {
	generation, _, err := look(s.fs, filepath.Dir(s.path))
	if err == nil && generation > s.index.Load() {
		return fmt.Errorf("%s is gone: %w", s.path, ErrChanged)
	}
	return &badfile.DamagedError{File: s.path, Offset: -1, What: "it is missing"}
}

func idOf(r *framed.Reader) []byte {
	id := r.ID()
	return id[:]
}

// size returns the bytes that the file takes.
func (s *segment) size() int64 {
	n, err := s.fs.Size(s.path)
	if err != nil {
		return 0 // what is not there takes none
	}
	return n
}

func (s *segment) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.f == nil {
		return nil
	}
	err := s.f.Close()
	s.f = nil
	return err
}
