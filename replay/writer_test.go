// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vmrr/vmrr/machine"
)

// smallDisk is a file on a disk with room for only so many bytes.
type smallDisk struct {
	mu   sync.Mutex
	b    []byte
	room int
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

func (d *smallDisk) Sync() error  { return nil }
func (d *smallDisk) Close() error { return nil }

func (d *smallDisk) bytes() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Clone(d.b)
}

func TestWriterFullDisk(t *testing.T) {
	for room := headerSize; room < 600; room += 7 {
		d := &smallDisk{room: room}
		w, err := newWriter(d, "log", testID)
		if err != nil {
			t.Fatal(err)
		}
		r := NewRecorder(NewLive(time.Now, rand.Reader, false), w)
		var failed error
		for n := uint64(1); n < 50 && failed == nil; n++ {
			failed = r.Hash(StateHash{ICount: n * 1000})
		}
		var write *ErrWrite
		if !errors.As(failed, &write) || !errors.Is(failed, syscall.ENOSPC) {
			t.Fatalf("room for %d bytes: recording ended with %v; want ErrWrite of ENOSPC", room, failed)
		}
		d.room = 1 << 20 // the error is sticky even if there is room again
		if _, _, err := r.Take(moment(60000, 0)); !errors.Is(err, failed) {
			t.Errorf("Take after a write error = %v; want the same error", err)
		}
		if err := w.Close(); !errors.Is(err, failed) {
			t.Errorf("Close after a write error = %v; want the same error", err)
		}
		records, err := readLog(d.bytes())
		var cut *ErrTruncated
		if !errors.As(err, &cut) {
			t.Errorf("room for %d bytes: reading ends with %v; want ErrTruncated", room, err)
		}
		if n := len(records); uint64(n)*1000 != cut.Last.ICount || cut.Last.Before(write.Last) {
			t.Errorf("room for %d bytes: %d records up to %v, the writer promised %v", room, n, cut.Last, write.Last)
		}
	}
	if _, err := newWriter(&smallDisk{room: 5}, "log", testID); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a header on a full disk: %v; want ENOSPC", err)
	}
}

// A killed recorder loses no more than FlushInterval: what is in the file while
// the writer is still open must come to hold everything.
func TestWriterFlushesByItself(t *testing.T) {
	d := &smallDisk{room: 1 << 20}
	w, err := newWriter(d, "log", testID)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	live := NewLive(time.Now, rand.Reader, false)
	live.Push(machine.Input{Kind: machine.InputReset})
	r := NewRecorder(live, w)
	if _, ok, err := r.Take(moment(10, 0)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, ok, err := r.Take(moment(12345, 1)); ok || err != nil {
		t.Fatal(ok, err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		reader, err := NewReader(bytes.NewReader(d.bytes()), "log")
		if err != nil {
			t.Fatal(err)
		}
		tape, err := ReadTape(reader)
		if err != nil {
			t.Fatal(err)
		}
		if len(tape.Events()) == 1 && tape.End().At == moment(12345, 1) && tape.End().CutOff != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s the file holds %+v; want one event, known up to icount 12345+1", tape)
		}
		time.Sleep(FlushInterval / 4)
	}
}

func TestWriterRefusesDisorder(t *testing.T) {
	tests := []struct {
		name    string
		records []Record
	}{
		{"a moment that goes back", []Record{{Kind: KindMark, At: moment(5, 1)}, {Kind: KindMark, At: moment(5, 0)}}},
		{"a record after the end", []Record{{Kind: KindEnd, At: moment(5, 0)}, {Kind: KindMark, At: moment(6, 0)}}},
		{"too much data", []Record{{Kind: KindInput, Input: machine.Input{Data: make([]byte, maxInputData+1)}}}},
	}
	for _, test := range tests {
		w, err := newWriter(&smallDisk{room: 1 << 20}, "log", testID)
		if err != nil {
			t.Fatal(err)
		}
		for i := range test.records {
			err = w.Append(&test.records[i])
		}
		var write *ErrWrite
		if !errors.As(err, &write) {
			t.Errorf("%s: %v; want ErrWrite", test.name, err)
		}
		w.Close()
	}
}

func TestCreateLogRefusesExistingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w, err := CreateLog(path, testID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateLog(path, testID); !errors.Is(err, os.ErrExist) {
		t.Errorf("CreateLog over a log = %v; want exist", err)
	}
	if err := w.Append(&Record{Kind: KindMark}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Append after Close = %v; want closed", err)
	}
	if err := w.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the second Close = %v; want closed", err)
	}
}
