// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/vmrr/vmrr/internal/atomicfile"
	"github.com/vmrr/vmrr/machine"
)

// FlushInterval is the longest host time for which a record stays in this
// process: what a kill can lose.
const FlushInterval = 100 * time.Millisecond

// flushSize is the number of buffered bytes that are written without waiting.
const flushSize = 64 << 10

// file is what a Writer needs of an *os.File.
type file interface {
	Write([]byte) (int, error)
	Sync() error
	Close() error
}

// Writer appends records to a log. It is safe for concurrent use: it flushes by
// itself from another thread.
type Writer struct {
	mu      sync.Mutex
	f       file
	name    string
	id      ID
	buf     []byte
	size    int64          // bytes in the file and the buffer
	last    machine.Moment // of the last record
	flushed machine.Moment // of the last record that is in the file
	reached machine.Moment // up to which the log is known to be complete
	ended   bool
	err     error // sticky
	closing sync.Once
	stop    chan struct{}
	done    chan struct{}
}

// CreateLog creates the log of a recording; the file must not exist.
func CreateLog(path string, id ID) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("creating the recording's log: %w", err)
	}
	w, err := newWriter(f, path, id)
	if err != nil {
		f.Close()
		return nil, err
	}
	if err := atomicfile.SyncDir(filepath.Dir(path)); err != nil {
		w.Close()
		return nil, fmt.Errorf("creating the recording's log %s: %w", path, err)
	}
	return w, nil
}

func newWriter(f file, name string, id ID) (*Writer, error) {
	w := &Writer{f: f, name: name, id: id, stop: make(chan struct{}), done: make(chan struct{})}
	w.buf = encodeHeader(id)
	w.size = headerSize
	if err := w.flush(); err != nil {
		return nil, err
	}
	go w.flusher()
	return w, nil
}

// flusher writes the buffer out every FlushInterval. A mark tells the reader how
// far the run is known to have had no further input.
func (w *Writer) flusher() {
	defer close(w.done)
	t := time.NewTicker(FlushInterval)
	defer t.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-t.C:
			w.mu.Lock()
			w.mark()
			w.flush()
			w.mu.Unlock()
		}
	}
}

// Append adds a record. Its moment must not be before the last one's. A hash is
// written through to the file at once, an end is also synced to the disk.
func (w *Writer) Append(r *Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.append(r); err != nil {
		return err
	}
	switch {
	case r.Kind == KindEnd:
		w.ended = true
		if err := w.flush(); err != nil {
			return err
		}
		return w.fail(w.f.Sync())
	case r.Kind == KindHash || len(w.buf) >= flushSize:
		return w.flush()
	}
	return nil
}

// Reached notes that no record before the moment is still to come, and returns
// the sticky error if writing has failed.
func (w *Writer) Reached(at machine.Moment) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reached = at
	return w.err
}

// Size returns the log's size in bytes.
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// Close writes everything out, syncs and closes the file. A log without an end
// record reads as cut off where it was closed. A second Close returns an error.
func (w *Writer) Close() error {
	first := false
	w.closing.Do(func() { first = true; close(w.stop) })
	<-w.done
	if !first {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mark()
	w.flush()
	if w.err == nil {
		w.fail(w.f.Sync())
	}
	closed := w.f.Close()
	if w.err == nil && closed != nil {
		return w.fail(closed)
	}
	err := w.err
	if err == nil {
		w.err = &ErrWrite{File: w.name, Last: w.flushed, Err: os.ErrClosed}
	}
	return err
}

func (w *Writer) append(r *Record) error {
	if w.err != nil {
		return w.err
	}
	if w.ended {
		return w.fail(fmt.Errorf("a %v record for %v came after the end", r.Kind, r.At))
	}
	if r.At.Before(w.last) {
		return w.fail(fmt.Errorf("a %v record for %v came after the one for %v", r.Kind, r.At, w.last))
	}
	payload, err := r.encode()
	if err != nil {
		return w.fail(err)
	}
	n := len(w.buf)
	w.buf = appendFrame(w.buf, w.id, w.size, r.Kind, payload)
	w.size += int64(len(w.buf) - n)
	w.last = r.At
	return nil
}

// mark adds a mark if the run has gone on since the last record.
func (w *Writer) mark() {
	if w.err == nil && !w.ended && w.last.Before(w.reached) {
		w.append(&Record{Kind: KindMark, At: w.reached})
	}
}

func (w *Writer) flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	_, err := w.f.Write(w.buf)
	w.buf = w.buf[:0]
	if err == nil {
		w.flushed = w.last
	}
	return w.fail(err)
}

// fail makes err, unless nil, the sticky error.
func (w *Writer) fail(err error) error {
	if err == nil || w.err != nil {
		return w.err
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err // the name is in ErrWrite already
	}
	w.err = &ErrWrite{File: w.name, Last: w.flushed, Err: err}
	return w.err
}
