// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

// smallDisk is a file on a disk with room for only so many bytes.
type smallDisk struct {
	mu    sync.Mutex
	b     []byte
	kept  int // bytes that a power cut leaves
	room  int
	sync  func() error // what a sync waits for and ends with; nil: nothing
	close func()       // what Close does; nil: nothing
}

func (d *smallDisk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := min(len(p), d.room-len(d.b))
	d.b = append(d.b, p[:n]...)
	if n < len(p) {
		return n, &os.PathError{Op: "write", Path: "log", Err: syscall.ENOSPC}
	}
	return n, nil
}

// roomyLog begins a log on a disk with room for all that a test logs.
func roomyLog(t *testing.T) (*smallDisk, *Writer) {
	t.Helper()
	d := &smallDisk{room: 1 << 20}
	w, err := newWriter(d, "log", testID)
	if err != nil {
		t.Fatal(err)
	}
	return d, w
}

// Sync keeps what was written when it was called.
func (d *smallDisk) Sync() error {
	n := len(d.bytes())
	if d.sync != nil {
		if err := d.sync(); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept = max(d.kept, n)
	return nil
}

func (d *smallDisk) Close() error {
	if d.close != nil {
		d.close()
	}
	return nil
}

// afterPowerCut returns what is left of the file if the power fails now.
func (d *smallDisk) afterPowerCut() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Clone(d.b[:d.kept])
}

func (d *smallDisk) bytes() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Clone(d.b)
}

// await waits until the log is synced.
func await(t *testing.T, syncing <-chan struct{}) {
	t.Helper()
	select {
	case <-syncing:
	case <-time.After(20 * time.Second):
		t.Fatal("the log is not synced by itself")
	}
}

// holds waits until a log is one input and known up to a moment; log returns its
// bytes now.
func holds(t *testing.T, what string, log func() []byte, in machine.Moment, end machine.Moment) {
	t.Helper()
	eventually(t, func() error {
		tape, err := readTape(fileOf(log()), "log")
		if err != nil {
			t.Fatal(err)
		}
		if e := tape.End(); tape.EventCount() != 1 || tape.index[0].at != in || e.At != end || e.CutOff == nil {
			return fmt.Errorf("%s: the log is %+v; want an input at %v, known up to %v", what, tape, in, end)
		}
		return nil
	})
}

// eventually waits until what a log is to be has no error any more.
func eventually(t *testing.T, missing func() error) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(flushInterval / 100) {
		err := missing()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 20 s, %v", err)
		}
	}
}

// Neither the machine nor the flusher wait for the disk: a sync that takes for
// ever holds up nobody but Close.
func TestWriterSyncsBesideTheMachine(t *testing.T) {
	syncing, release := make(chan struct{}), make(chan error)
	d, w := roomyLog(t)
	d.sync = func() error {
		syncing <- struct{}{}
		return <-release
	}
	r := quietRecorder(w)
	if err := r.Hash(StateHash{ICount: 1}); err != nil {
		t.Fatal(err)
	}
	await(t, syncing)
	done := make(chan error)
	go func() {
		done <- errors.Join(r.Hash(StateHash{ICount: 2}),
			r.Inject(moment(3, 0), machine.Input{Kind: machine.InputNMI}), w.Reached(moment(4, 0), 0))
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing can be logged while the log is synced")
	}
	holds(t, "while the log is synced", d.bytes, moment(3, 0), moment(4, 0))
	release <- syscall.EIO
	if err := w.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close after a sync that failed = %v; want its error", err)
	}
}

// What the host says of lost data it says once. An end that is logged while another
// sync fails must not be taken for one that is on the disk.
func TestWriterEndHearsOfAFailedSync(t *testing.T) {
	syncing, release := make(chan struct{}), make(chan error)
	d, w := roomyLog(t)
	var failing atomic.Bool
	d.sync = func() error {
		if failing.Swap(true) {
			return nil
		}
		syncing <- struct{}{}
		return <-release
	}
	r := quietRecorder(w)
	if err := r.Hash(StateHash{ICount: 1}); err != nil {
		t.Fatal(err)
	}
	await(t, syncing)
	ended := make(chan error)
	go func() { ended <- r.End(moment(2, 0), "over", StateHash{}) }()
	complete := func() error {
		if got, err := readLog(d.bytes()); err != io.EOF {
			return fmt.Errorf("while a sync goes on the log is %+v, error %v; want that its end is written", got, err)
		}
		return nil
	}
	eventually(t, complete)
	select {
	case err := <-ended:
		t.Fatalf("End = %v while a sync still goes on; want it to wait", err)
	case <-time.After(flushInterval): // it waits, or is slow to fail
	}
	release <- syscall.EIO
	if err := <-ended; !errors.Is(err, syscall.EIO) {
		t.Errorf("End while a sync fails = %v; want its error", err)
	}
	if err := w.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close after it = %v; want its error", err)
	}
}

// What docs/recordings.md promises of a power cut: the log that is there from the
// start, what was logged in time, all of it when the end or Close has returned.
func TestWriterPowerCut(t *testing.T) {
	start := func() (*smallDisk, *Writer, *Recorder) {
		d, w := roomyLog(t)
		return d, w, quietRecorder(w)
	}
	var cut *badfile.CutOffError
	in := machine.Input{Kind: machine.InputNMI}

	d, w, r := start()
	if got, err := readLog(d.afterPowerCut()); len(got) != 0 || !errors.As(err, &cut) || cut.Offset != framed.HeaderSize {
		t.Errorf("a power cut before the first record leaves %+v, error %v; want an empty log", got, err)
	}
	if err := errors.Join(r.Inject(moment(3, 0), in), w.Reached(moment(4, 0), 0)); err != nil {
		t.Fatal(err)
	}
	holds(t, "a power cut in the middle", d.afterPowerCut, moment(3, 0), moment(4, 0))
	if err := r.End(moment(5, 0), "over", StateHash{}); err != nil {
		t.Fatal(err)
	}
	if got, err := readLog(d.afterPowerCut()); err != io.EOF {
		t.Errorf("a power cut behind the end leaves %+v, error %v; want it complete", got, err)
	}
	w.Close()

	d, w, r = start()
	d.close = func() {
		want := []Record{{Kind: KindInput, At: moment(3, 0), Input: in}}
		if got, _ := readLog(d.afterPowerCut()); !reflect.DeepEqual(got, want) {
			t.Errorf("a power cut behind the last sync of Close leaves %+v; want %+v", got, want)
		}
	}
	if err := r.Inject(moment(3, 0), in); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
