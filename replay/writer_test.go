// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

// quietRecorder returns a recorder of a machine on which nobody acts and whose
// time does not go on.
func quietRecorder(w *Writer) *Recorder {
	r := NewRecorder(NewLive(time.Now, rand.Reader, false), w)
	r.Clock = func() uint64 { return 0 }
	return r
}

func TestWriterFullDisk(t *testing.T) {
	for room := framed.HeaderSize; room < 600; room += 7 {
		d := &smallDisk{room: room}
		w, err := newWriter(d, "log", testID)
		if err != nil {
			t.Fatal(err)
		}
		r := quietRecorder(w)
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
		var cut *badfile.CutOffError
		if !errors.As(err, &cut) {
			t.Errorf("room for %d bytes: reading ends with %v; want CutOffError", room, err)
		}
		if n := len(records); uint64(n)*1000 != write.Last.ICount || !goodUpTo(err, write.Last) {
			t.Errorf("room for %d bytes: %d records, %v; the writer promised %v", room, n, err, write.Last)
		}
	}
	if _, err := newWriter(&smallDisk{room: 5}, "log", testID); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a header on a full disk: %v; want ENOSPC", err)
	}
}

// A killed recorder loses no more than flushInterval: what is in the file while
// the writer is still open must come to hold everything.
func TestWriterFlushesByItself(t *testing.T) {
	d, w := roomyLog(t)
	defer w.Close()
	live := NewLive(time.Now, rand.Reader, false)
	live.Push(machine.Input{Kind: machine.InputReset})
	r := NewRecorder(live, w)
	r.Clock = func() uint64 { return 77 }
	if _, ok, err := r.Take(moment(10, 0)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, ok, err := r.Take(moment(12345, 1)); ok || err != nil {
		t.Fatal(ok, err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		tape, err := readTape(fileOf(d.bytes()), "log")
		if err != nil {
			t.Fatal(err)
		}
		end := tape.End()
		if tape.EventCount() == 1 && end.At == moment(12345, 1) && end.Now == 77 && end.CutOff != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s the file holds %+v; want one event, known up to icount 12345+1", tape)
		}
		time.Sleep(flushInterval / 4)
	}
}

// What hashes, snapshots and the end say is in the file when their call returns,
// with all that came before.
func TestWriterWritesThrough(t *testing.T) {
	d, w := roomyLog(t)
	defer w.Close()
	r := quietRecorder(w)
	in := machine.MemoryInput(0x1000, []byte{1})
	hash := StateHash{ICount: 7, Parts: []uint64{1, 2}}
	final := StateHash{ICount: 9, Parts: []uint64{3}}
	var want []Record
	for i, step := range []struct {
		do   func() error
		adds []Record
	}{
		{func() error { return errors.Join(r.Inject(moment(5, 0), in), r.Hash(hash)) },
			[]Record{{Kind: KindInput, At: moment(5, 0), Input: in}, {Kind: KindHash, At: moment(7, 0), Ordinal: 1, Hash: hash}}},
		{func() error { return errors.Join(r.Inject(moment(8, 3), in), r.Snapshot(moment(8, 4), "here")) },
			[]Record{{Kind: KindInput, At: moment(8, 3), Ordinal: 1, Input: in}, {Kind: KindSnapshot, At: moment(8, 4), Ordinal: 2, Snapshot: "here"}}},
		{func() error { return r.End(moment(9, 0), "over", final) },
			[]Record{{Kind: KindEnd, At: moment(9, 0), Ordinal: 2, Reason: "over", Hash: final}}},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		want = append(want, step.adds...)
		if got, _ := readLog(d.bytes()); !reflect.DeepEqual(got, want) {
			t.Errorf("step %d: the file has\n%+v; want\n%+v", i, got, want)
		}
	}
	if r.Consumed() != 2 {
		t.Errorf("the recorder has logged %d events, want 2", r.Consumed())
	}
}

// A full buffer is written without waiting, and what goes beyond fits in a block.
func TestWriterWritesFullBuffer(t *testing.T) {
	d := &smallDisk{room: 1 << 30}
	w, err := newWriter(d, "log", testID)
	if err != nil {
		t.Fatal(err)
	}
	r := quietRecorder(w)
	random := make([]byte, maxInputData)
	rand.Read(random)
	var want []Record
	for i := range uint64(40) {
		in := machine.Input{Kind: machine.InputSerial, Data: random[:max(1, int(i)*maxInputData/39)]}
		if err := r.Inject(moment(i, 0), in); err != nil {
			t.Fatal(err)
		}
		want = append(want, Record{Kind: KindInput, At: moment(i, 0), Ordinal: i, Input: in})
		w.mu.Lock()
		if n := len(w.buf.records); n >= flushSize {
			t.Errorf("after %d inputs %d bytes wait to be written; want less than %d", i+1, n, flushSize)
		}
		w.mu.Unlock()
	}
	w.Close()
	if got, _ := readLog(d.bytes()); !reflect.DeepEqual(got, want) {
		t.Errorf("%d records of the %d are read as they were written", len(got), len(want))
	}
}

// An idle machine's log grows by a mark every flushInterval. An hour of it, with
// the machine's time going on as the host's, must stay small.
func TestIdleLogStaysSmall(t *testing.T) {
	d := &smallDisk{room: 1 << 30}
	w, err := newWriter(d, "log", testID)
	if err != nil {
		t.Fatal(err)
	}
	const ticks = uint64(time.Hour / flushInterval)
	for n := range ticks {
		if err := w.Reached(moment(1e9+n*40_000, 3), 1e9+n*uint64(flushInterval)); err != nil {
			t.Fatal(err)
		}
		w.mu.Lock()
		w.mark()
		w.flush()
		w.mu.Unlock()
	}
	w.Close()
	size := len(d.bytes())
	if limit := int(ticks) * 36; size > limit {
		t.Errorf("an hour of %d marks takes %d bytes; want at most %d", ticks, size, limit)
	}
	tape, err := readTape(fileOf(d.bytes()), "log")
	if err != nil || tape.End().At != moment(1e9+(ticks-1)*40_000, 3) {
		t.Errorf("the log is known up to %v, error %v", tape.End().At, err)
	}
	if len(tape.index) != 0 {
		t.Errorf("the tape keeps %d blocks in memory for no event", len(tape.index))
	}
}

// Much of the same takes little.
func TestTypedLogStaysSmall(t *testing.T) {
	d := &smallDisk{room: 1 << 30}
	w, err := newWriter(d, "log", testID)
	if err != nil {
		t.Fatal(err)
	}
	r := quietRecorder(w)
	const keys = 10_000
	for n := range uint64(keys) {
		if err := r.Inject(moment(n*12345, 0), machine.Input{Kind: machine.InputSerial, Data: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	if size, limit := len(d.bytes()), keys*5; size > limit {
		t.Errorf("%d keys take %d bytes; want at most %d", keys, size, limit)
	}
}

func TestWriterRefuses(t *testing.T) {
	good := Record{Kind: KindInput, At: moment(1, 0), Now: 1, Input: machine.Input{Kind: machine.InputNMI}}
	tests := []struct {
		name string
		bad  Record
		says string
	}{
		{"a moment that goes back", Record{Kind: KindMark, At: moment(0, 9), Now: 1, Ordinal: 1}, "comes after one for icount 1"},
		{"time that goes back", Record{Kind: KindMark, At: moment(2, 0), Ordinal: 1}, "comes after one at 1 ns"},
		{"an ordinal that goes back", Record{Kind: KindMark, At: moment(2, 0), Now: 1}, "comes after one behind 1"},
		{"too much data", Record{Kind: KindInput, At: moment(2, 0), Now: 1, Ordinal: 1, Input: machine.Input{Data: make([]byte, maxInputData+1)}}, "65537 bytes"},
		{"too many parts", Record{Kind: KindHash, At: moment(2, 0), Now: 1, Ordinal: 1, Hash: StateHash{Parts: make([]uint64, maxParts+1)}}, "257 parts"},
		{"a hash that is not canonical", Record{Kind: KindHash, At: moment(2, 1), Now: 1, Ordinal: 1}, "canonical"},
		{"a snapshot with a path for a name", Record{Kind: KindSnapshot, At: moment(2, 1), Now: 1, Ordinal: 1, Snapshot: "a/b"}, "a/b"},
		{"an unknown kind", Record{Kind: 8, At: moment(2, 1), Now: 1, Ordinal: 1}, "kind 8"},
	}
	for _, test := range tests {
		d, w := roomyLog(t)
		if err := w.Append(&good); err != nil {
			t.Fatal(err)
		}
		err := w.Append(&test.bad)
		var write *ErrWrite
		if !errors.As(err, &write) || !strings.Contains(err.Error(), test.says) || write.Last != good.At {
			t.Errorf("%s: %v; want ErrWrite saying %q, good up to %v", test.name, err, test.says, good.At)
		}
		w.Close()
		var cut *badfile.CutOffError
		if got, err := readLog(d.bytes()); !reflect.DeepEqual(got, []Record{good}) || !errors.As(err, &cut) {
			t.Errorf("%s: then the log has %+v, %v; want what came before it", test.name, got, err)
		}
	}
}

func TestWriterRefusesWhatFollowsTheEnd(t *testing.T) {
	d, w := roomyLog(t)
	r := quietRecorder(w)
	if err := r.End(moment(5, 0), strings.Repeat("why ", 1000), StateHash{}); err != nil {
		t.Fatal(err)
	}
	var write *ErrWrite
	if err := r.Snapshot(moment(6, 0), "late"); !errors.As(err, &write) {
		t.Errorf("a snapshot after the end: %v; want ErrWrite", err)
	}
	w.Close()
	if got, err := readLog(d.bytes()); len(got) != 1 || err != io.EOF || len(got[0].Reason) != maxReason {
		t.Errorf("the log has %+v, %v; want the end and its reason cut", got, err)
	}
}

// A recorder's caller may be told no without the recording ending for it.
func TestRecorderRefusesPolitely(t *testing.T) {
	_, w := roomyLog(t)
	defer w.Close()
	r := quietRecorder(w)
	if err := r.Inject(moment(1, 0), machine.MemoryInput(0, make([]byte, maxInputData))); err == nil {
		t.Error("an input that is too large is no error")
	}
	if err := r.Snapshot(moment(1, 0), "no name"); err == nil {
		t.Error("a snapshot with a bad name is no error")
	}
	if err := r.Snapshot(moment(1, 0), "name"); err != nil || r.Consumed() != 0 {
		t.Errorf("then a good one: %v, %d events", err, r.Consumed())
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
