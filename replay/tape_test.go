// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

// loadLog loads a log from a file that the test closes.
func loadLog(t *testing.T, path string) *Tape {
	t.Helper()
	tape, err := LoadTape(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tape.Close() })
	return tape
}

func eventsOf(records []Record) []Record {
	return slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return !r.Kind.event() })
}

func TestTape(t *testing.T) {
	all := testRecords()
	path := filepath.Join(t.TempDir(), "log")
	whole := encodeLog(t, all, 3)
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	tape := loadLog(t, path)
	if n := tape.EventCount(); n != testEvents || len(tape.Hashes()) != 1 || tape.ID() != testID {
		t.Errorf("the tape has %d events, %d hashes, id %v", n, len(tape.Hashes()), tape.ID())
	}
	want := End{At: moment(1<<64-1, 4), Now: 1<<64 - 1, Reason: "power off", Final: all[8].Hash}
	if e := tape.End(); !reflect.DeepEqual(e, want) {
		t.Errorf("the tape's end is %+v; want %+v", e, want)
	}
	for _, test := range []struct {
		icount   uint64
		at, next bool
	}{{0, false, true}, {4999, false, true}, {5000, true, false}, {5001, false, false}} {
		_, at := tape.HashAt(test.icount)
		_, next := tape.NextHash(test.icount)
		if at != test.at || next != test.next {
			t.Errorf("HashAt(%d), NextHash = %v, %v; want %v, %v", test.icount, at, next, test.at, test.next)
		}
	}
	whole[len(whole)-1] ^= 1
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	damagedTape, err := LoadTape(path)
	var damaged *badfile.DamagedError
	if !errors.As(err, &damaged) || damagedTape == nil || damagedTape.EventCount() != 4 || damagedTape.End().At != moment(5000, 8) {
		t.Errorf("LoadTape of a log with a damaged last block = %+v, %v; want the good part and badfile.DamagedError", damagedTape, err)
	}
	damagedTape.Close()
}

// eventsBetween collects EventsBetween.
func eventsBetween(t *testing.T, tape *Tape, from, to machine.Moment) (events []Record) {
	t.Helper()
	for e, err := range tape.EventsBetween(from, to) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func TestEventsBetween(t *testing.T) {
	long, longBytes := longLog(t)
	short := append([]Record{{Kind: KindAnswer, Query: machine.QueryEntropy}}, testRecords()...)
	for i := range short[1:] {
		short[i+1].Ordinal++
	}
	for _, log := range []struct {
		records []Record
		bytes   []byte
		step    int
	}{{short, encodeLog(t, short, 1), 1}, {short, encodeLog(t, short, 4), 1}, {long, longBytes, 137}} {
		tape, err := readTape(fileOf(log.bytes), "log")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := tape.EventCount(), uint64(len(eventsOf(log.records))); got != want {
			t.Errorf("the tape has %d events; want %d", got, want)
		}
		for i := 0; i < len(log.records); i += log.step {
			for j := 0; j < len(log.records); j += log.step {
				from, to := log.records[i].At, log.records[j].At
				want := slices.DeleteFunc(eventsOf(log.records), func(r Record) bool { return r.At.Before(from) || !r.At.Before(to) })
				got := eventsBetween(t, tape, from, to)
				if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
					t.Errorf("the events between %v and %v are\n%+v; want\n%+v", from, to, got, want)
				}
			}
		}
	}
}

// Several players on several threads, going back and forth, get every event.
func TestPlayersShareTape(t *testing.T) {
	long, b := longLog(t)
	tape, err := readTape(fileOf(b), "log")
	if err != nil {
		t.Fatal(err)
	}
	events := eventsOf(long)
	var players sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		players.Go(func() {
			p := NewPlayer(tape)
			for n := range 2000 {
				at := (n*(i+1)*37 + n%2*900) % len(events)
				want := &events[at]
				p.Clock = func() uint64 { return want.Now }
				err := p.Seek(want.Ordinal)
				in, ok := machine.Input{}, false
				if err == nil {
					in, ok, err = p.Take(want.At)
				}
				if err != nil || !ok || !reflect.DeepEqual(in, want.Input) {
					errs[i] = fmt.Errorf("event %d is %+v, %v, error %v; want %+v", at, in, ok, err, want.Input)
					return
				}
			}
		})
	}
	players.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("player %d: %v", i, err)
		}
	}
}

// changingFile is a file whose bytes change after it was loaded.
type changingFile struct{ *bytes.Reader }

func (*changingFile) Close() error { return nil }

// What was good when the log was loaded may be unreadable later.
func TestTapeFileChanges(t *testing.T) {
	long, whole := longLog(t)
	event := eventsOf(long)[500]
	flipped := bytes.Clone(whole)
	for i := framed.HeaderSize; i < len(flipped); i += 50 {
		flipped[i] ^= 4
	}
	other := append([]Record(nil), long...)
	for i := range other {
		other[i].Ordinal += 7
	}
	for _, test := range []struct {
		name  string
		after []byte
		want  any
		says  string
	}{
		{"flipped", flipped, new(*badfile.DamagedError), "log is damaged at byte"},
		{"cut off", whole[:len(whole)/2], new(*badfile.DamagedError), "it is cut off there"},
		{"another log", encodeLog(t, other, 10), new(*badfile.DamagedError), "log is damaged at byte"},
	} {
		f := &changingFile{bytes.NewReader(whole)}
		tape, err := readTape(f, "log")
		if err != nil {
			t.Fatal(err)
		}
		f.Reader = bytes.NewReader(test.after)
		p := NewPlayer(tape)
		p.Clock = func() uint64 { return event.Now }
		p.Seek(event.Ordinal)
		if h := p.Horizon(moment(5, 0)); h != 6 {
			t.Errorf("%s: Horizon at 5 = %d; want 6, so that Take says what is wrong", test.name, h)
		}
		if _, _, err := p.Take(event.At); !errors.As(err, test.want) || !strings.Contains(err.Error(), test.says) || p.Consumed() != event.Ordinal {
			t.Errorf("%s: Take = %v; want %T", test.name, err, test.want)
		}
		for name, iterate := range map[string]func(func(Record, error) bool){
			"Records":       tape.Records(),
			"EventsBetween": tape.EventsBetween(machine.Moment{}, moment(1<<60, 0)),
		} {
			var last error
			for r, err := range iterate {
				if last = err; err != nil && r.Kind != 0 {
					t.Errorf("%s: %s gives a record with its error", test.name, name)
				}
			}
			if last == nil && (name != "Records" || test.name != "another log") {
				t.Errorf("%s: %s has no error", test.name, name)
			}
		}
		f.Reader = bytes.NewReader(whole) // a passing fault: the next try is good
		if in, ok, err := p.Take(event.At); err != nil || !ok || !reflect.DeepEqual(in, event.Input) {
			t.Errorf("%s, then mended: Take = %v, %v, error %v; want %v", test.name, in, ok, err, event.Input)
		}
	}
}

// Iterations may be left in the middle.
func TestIterationsStop(t *testing.T) {
	_, whole := longLog(t)
	tape, err := readTape(fileOf(whole), "log")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for range tape.Records() {
		if n++; n == 15 {
			break
		}
	}
	for range tape.EventsBetween(machine.Moment{}, moment(1<<60, 0)) {
		if n++; n == 30 {
			break
		}
	}
	if n != 30 {
		t.Errorf("%d records; want 15 of each iteration", n)
	}
}
