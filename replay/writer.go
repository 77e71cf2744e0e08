// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

// flushInterval is the longest host time for which a record stays in this
// process: what a kill can lose. Of what is in the file, syncInterval is the
// longest for which nobody asks the disk to keep it: both together, and the time
// that the disk takes, are what a power cut can lose.
const (
	flushInterval = 100 * time.Millisecond
	syncInterval  = time.Second - flushInterval
)

// flushSize is the number of bytes of records that are written without waiting.
const flushSize = 64 << 10

// file is what a Writer needs of an *os.File.
type file interface {
	Write([]byte) (int, error)
	Sync() error
	Close() error
}

// Writer appends records to a log, as blocks. It is safe for concurrent use: it
// writes blocks out and syncs the file by itself from other threads. What a reader
// would refuse it refuses too.
type Writer struct {
	syncing sync.Mutex // held for as long as the file is synced; taken before mu

	mu       sync.Mutex
	f        file
	name     string
	id       ID
	size     int64 // bytes in the file
	order    order // of what is in the file and the buffer
	buf      buffer
	flushed  machine.Moment // of the last record that is in the file
	reached  machine.Moment // up to which the log is known to be complete
	reachNow uint64         // virtual ns there
	unsynced bool           // something was written since the file was synced
	err      error          // sticky
	closing  sync.Once
	stop     chan struct{}
	done     sync.WaitGroup // of the flusher and the syncer
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
	if err := syncDir(filepath.Dir(path)); err != nil {
		w.Close()
		return nil, fmt.Errorf("creating the recording's log %s: %w", path, err)
	}
	return w, nil
}

func newWriter(f file, name string, id ID) (*Writer, error) {
	w := &Writer{f: f, name: name, id: id, stop: make(chan struct{})}
	w.write(logFormat.Header(id))
	if err := w.sync(); err != nil {
		return nil, err
	}
	w.done.Go(w.flusher)
	w.done.Go(w.syncer)
	return w, nil
}

// flusher writes the buffer out every flushInterval. A mark tells the reader how
// far the run is known to have had no further input.
func (w *Writer) flusher() {
	w.every(flushInterval, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.mark()
		w.flush()
	})
}

// syncer syncs the file every syncInterval. A sync may take long: the machine and
// the flusher go on meanwhile.
func (w *Writer) syncer() { w.every(syncInterval, func() { w.sync() }) }

// every calls f again and again until the writer is closed.
func (w *Writer) every(interval time.Duration, f func()) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-t.C:
			f()
		}
	}
}

// sync syncs what is written now, and returns the sticky error. One sync waits for
// the other: the host tells only one of them that data were lost.
func (w *Writer) sync() error {
	w.syncing.Lock()
	defer w.syncing.Unlock()
	w.mu.Lock()
	due, err := w.unsynced && w.err == nil, w.err
	w.unsynced = false
	w.mu.Unlock()
	if !due {
		return err
	}
	err = w.f.Sync()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fail(err)
}

// Append adds a record. Hashes and snapshots are written through to the file at
// once, an end is also synced to the disk.
func (w *Writer) Append(r *Record) error {
	if err := w.appendThrough(r); err != nil || r.Kind != KindEnd {
		return err
	}
	return w.sync()
}

// appendThrough adds a record and writes it out if its kind or the buffer's size
// wants that.
func (w *Writer) appendThrough(r *Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.append(r); err != nil {
		return err
	}
	switch {
	case r.Kind == KindHash, r.Kind == KindSnapshot, r.Kind == KindEnd, len(w.buf.records) >= flushSize:
		return w.flush()
	}
	return nil
}

// Reached notes that no record before a moment, at which the machine's virtual
// time is now, is still to come, and returns the sticky error if writing has failed.
func (w *Writer) Reached(at machine.Moment, now uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reached, w.reachNow = at, now
	return w.err
}

// Close writes everything out, syncs and closes the file. A log without an end
// record reads as cut off where it was closed. A second Close returns an error.
func (w *Writer) Close() (err error) {
	first := false
	w.closing.Do(func() { first, err = true, w.close() })
	if first {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *Writer) close() error {
	close(w.stop)
	w.done.Wait()
	w.mu.Lock()
	w.mark()
	w.flush()
	w.mu.Unlock()
	w.sync()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.fail(w.f.Close()); err != nil {
		return err
	}
	w.err = &ErrWrite{File: w.name, Last: w.flushed, Err: os.ErrClosed}
	return nil
}

func (w *Writer) append(r *Record) error {
	if w.err != nil {
		return w.err
	}
	order := w.order
	err := order.add(r)
	if err == nil {
		err = w.buf.add(r)
	}
	if err != nil {
		w.flush() // what came before is good
		return w.fail(err)
	}
	w.order = order
	return nil
}

// mark adds a mark if the run has gone on since the last record.
func (w *Writer) mark() {
	if w.err == nil && !w.order.ended && w.order.last.Before(w.reached) {
		w.append(&Record{Kind: KindMark, At: w.reached, Now: w.reachNow, Ordinal: w.order.events})
	}
}

// flush writes what is buffered as one block.
func (w *Writer) flush() error {
	if w.err != nil || w.buf.count == 0 {
		return w.err
	}
	w.write(framed.Append(nil, w.id, w.size, frameBlock, w.buf.block()))
	w.buf.reset()
	if w.err == nil {
		w.flushed = w.order.last
	}
	return w.err
}

func (w *Writer) write(b []byte) {
	n, err := w.f.Write(b)
	w.size += int64(n)
	w.unsynced = true
	w.fail(err)
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
