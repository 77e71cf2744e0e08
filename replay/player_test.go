// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

// toy is a machine small enough to see through: a counter that idles now and
// then, with a timer, and a state that depends on everything that reaches it.
type toy struct {
	at    machine.Moment
	warp  uint64
	state uint64
}

func (m *toy) mix(what string, v ...any) {
	h := fnv.New64a()
	fmt.Fprint(h, m.state, what, v)
	m.state = h.Sum64()
}

// now is the toy's virtual time in ns.
func (m *toy) now() uint64 { return m.at.ICount*8 + m.warp }

// run goes on to the canonical state at an icount or to an error.
func (m *toy) run(in machine.Inputs, to uint64) error {
	if m.at == (machine.Moment{}) && m.state == 0 {
		v, err := in.Ask(m.at, machine.QueryWallClock)
		if err != nil {
			return err
		}
		m.mix("clock", v)
	}
	for m.at.ICount < to {
		input, ok, err := in.Take(m.at)
		if err != nil {
			return err
		}
		if ok {
			m.mix("input", m.at, input)
			m.at.Sub++
			continue
		}
		if m.state%7 == 0 { // halted until something changes the state
			now := m.now()
			deadline := now + m.state%1000 + 1
			if m.state%5 == 0 {
				deadline = machine.NoDeadline
			}
			until, err := in.Idle(m.at, now, deadline)
			if err != nil {
				return err
			}
			if until > now {
				m.warp += until - now
				m.at.Sub++
				m.mix("warp", until)
			}
			continue
		}
		next := min(to, in.Horizon(m.at), m.at.ICount+m.state%50+1)
		for m.at.ICount < next { // one at a time: the result does not depend on the slices
			m.at = machine.Moment{ICount: m.at.ICount + 1}
			m.mix("step", m.at.ICount)
			if m.state%7 == 0 {
				break
			}
		}
	}
	return nil
}

// script is a host that acts at random.
type script struct{ r *rand.Rand }

func (s *script) Ask(machine.Moment, machine.Query) (int64, error) { return s.r.Int64(), nil }
func (s *script) Horizon(machine.Moment) uint64                    { return ^uint64(0) }

func (s *script) Take(machine.Moment) (machine.Input, bool, error) {
	if s.r.IntN(4) != 0 {
		return machine.Input{}, false, nil
	}
	return machine.Input{Kind: machine.InputSerial, Data: []byte{byte(s.r.Uint32())}}, true, nil
}

func (s *script) Idle(at machine.Moment, now, deadline uint64) (uint64, error) {
	if s.r.IntN(3) == 0 && deadline != machine.NoDeadline {
		return deadline, nil
	}
	return now + s.r.Uint64N(min(deadline-now, 1000)), nil
}

const runLength = 1500

// record makes a recording of a toy's run and returns its states at some icounts.
func record(t *testing.T, seed uint64, end bool) (path string, states map[uint64]toy) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "log")
	w, err := CreateLog(path, testID)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(&script{rand.New(rand.NewPCG(seed, 1))}, w)
	var m toy
	r.Clock = m.now
	states = make(map[uint64]toy)
	for n := uint64(100); n <= runLength; n += 100 {
		if err := m.run(r, n); err != nil {
			t.Fatal(err)
		}
		states[n] = m
		if err := r.Hash(StateHash{ICount: n, Parts: []uint64{m.state}}); err != nil {
			t.Fatal(err)
		}
	}
	if end {
		if err := r.End(m.at, "the test is over", StateHash{Parts: []uint64{m.state}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path, states
}

func TestReplayIsTheSameRun(t *testing.T) {
	for seed := range uint64(10) {
		complete := seed%2 == 0
		path, states := record(t, seed, complete)
		var m toy
		p := NewPlayer(loadLog(t, path))
		p.Clock = func() uint64 { return m.now() }
		type mark struct {
			m        toy
			consumed uint64
		}
		marks := map[uint64]mark{}
		for n := uint64(50); n <= runLength; n += 50 {
			if err := m.run(p, n); err != nil {
				t.Fatalf("seed %d: replaying to %d: %v", seed, n, err)
			}
			if want, ok := states[n]; ok && m != want {
				t.Fatalf("seed %d: replayed state at %d is %+v; want %+v", seed, n, m, want)
			}
			if h, ok := p.HashAt(n); ok != (n%100 == 0) || ok && h.Parts[0] != m.state {
				t.Errorf("seed %d: the hash at %d is %v, %v; the state is %x", seed, n, h, ok, m.state)
			}
			marks[n] = mark{m, p.Consumed()}
		}
		for range 50 { // jumps
			from, to := 50*(1+rand.Uint64N(runLength/50)), 100*(1+rand.Uint64N(runLength/100))
			if from > to {
				continue
			}
			m = marks[from].m
			if err := p.Seek(marks[from].consumed); err != nil {
				t.Fatal(err)
			}
			if err := m.run(p, to); err != nil || m != states[to] {
				t.Fatalf("seed %d: from %d to %d: %+v, %v; want %+v", seed, from, to, m, err, states[to])
			}
		}
		p.Seek(marks[runLength].consumed)
		m = marks[runLength].m
		err := m.run(p, 2*runLength)
		var atEnd *ErrEndOfRecording
		if !errors.As(err, &atEnd) || !IsEnd(err) || atEnd.CutOff == complete || atEnd.At != moment(runLength, 0) || m.at.ICount != runLength {
			t.Errorf("seed %d: running past the end stops at %v with %v; want the end at %d", seed, m.at, err, runLength)
		}
	}
}

// Every cut of a log must replay, without divergence, to where it says it ends.
func TestReplayOfEveryCut(t *testing.T) {
	path, _ := record(t, 3, true)
	whole := mustRead(t, path)
	for n := framed.HeaderSize; n < len(whole); n++ {
		tape, err := readTape(fileOf(whole[:n]), "log")
		if err != nil {
			t.Fatal(err)
		}
		var m toy
		var atEnd *ErrEndOfRecording
		if err := m.replay(tape, 2*runLength); !errors.As(err, &atEnd) || !atEnd.CutOff {
			t.Fatalf("cut at byte %d: replay stops at %v with %v; want the end", n, m.at, err)
		}
		if end := tape.End().At; m.at.Before(end) || m.at.ICount > end.ICount {
			t.Errorf("cut at byte %d: replay stops at %v; the end is %v", n, m.at, end)
		}
	}
}

// replay runs the toy by a tape.
func (m *toy) replay(tape *Tape, to uint64) error {
	p := NewPlayer(tape)
	p.Clock = m.now
	return m.run(p, to)
}

// changedLog is the log of a toy in which each event may be changed.
func changedLog(t *testing.T) (all []Record, events []int) {
	path, _ := record(t, 5, true)
	for r, err := range loadLog(t, path).Records() {
		if err != nil {
			t.Fatal(err)
		}
		if r.Kind.event() {
			events = append(events, len(all))
		}
		all = append(all, r)
	}
	return all, events
}

// divergence replays a changed log and returns how that diverges.
func divergence(t *testing.T, name string, records []Record) *ErrDiverged {
	t.Helper()
	tape, err := readTape(fileOf(encodeLog(t, records, 5)), "log")
	if err != nil {
		t.Fatalf("%s: loading: %v", name, err)
	}
	var m toy
	err = m.replay(tape, 2*runLength)
	var diverged *ErrDiverged
	if !errors.As(err, &diverged) {
		t.Errorf("%s: the replay ends at %v with %v; want ErrDiverged", name, m.at, err)
		return nil
	}
	if diverged.What == "" || diverged.Want == "" || diverged.Got == "" {
		t.Errorf("%s: %#v lacks words", name, diverged)
	}
	return diverged
}

// An event that was lost, or is said to have been an instruction earlier or later
// than it was, is found at that event.
func TestReplayPinsLostAndMovedEvents(t *testing.T) {
	all, events := changedLog(t)
	moved := 0
	for n, i := range events {
		event := &all[i]
		before := machine.Moment{}
		if n > 0 {
			before = all[events[n-1]].At
		}
		check := func(what string, records []Record) {
			name := fmt.Sprintf("event %d (%s at %v) %s", n, event.Summary(), event.At, what)
			d := divergence(t, name, records)
			if d == nil {
				return
			}
			if said := d.What + " " + d.Want; !strings.Contains(said, fmt.Sprintf("event %d", n)) {
				t.Errorf("%s: %v; want it to name event %d", name, d, n)
			}
			if d.At.Before(before) || d.At.ICount > event.At.ICount+1 {
				t.Errorf("%s: found at %v; want from %v to an instruction behind %v", name, d.At, before, event.At)
			}
		}
		check("lost", slices.Delete(slices.Clone(all), i, i+1))
		// Elsewhere it would be out of order, which is damage.
		later := slices.Clone(all)
		if later[i].At.ICount++; !all[i+1].At.Before(later[i].At) {
			check("later", later)
			moved++
		}
		earlier := slices.Clone(all)
		if earlier[i].At.ICount--; i > 0 && event.At.ICount > 0 && !earlier[i].At.Before(all[i-1].At) {
			check("earlier", earlier)
			moved++
		}
	}
	if moved < len(events) {
		t.Errorf("%d events were moved %d times: the test is void", len(events), moved)
	}
	// The last events before the end of the log, lost with all that followed.
	last := events[len(events)-1]
	divergence(t, "the last two events lost", slices.Delete(slices.Clone(all), events[len(events)-2], last+1))
}

// An event that is another one is found out or the hashes must do it; the replay
// never hangs.
func TestReplayFindsOtherEvents(t *testing.T) {
	all, events := changedLog(t)
	found := 0
	for _, i := range events {
		other := slices.Clone(all)
		other[i].Answer++
		other[i].Until++
		other[i].Input.Unit++
		tape, err := readTape(fileOf(encodeLog(t, other, 5)), "log")
		if err != nil {
			t.Fatal(err)
		}
		var m toy
		err = m.replay(tape, 2*runLength)
		var diverged *ErrDiverged
		if errors.As(err, &diverged) {
			found++
		} else if !IsEnd(err) {
			t.Errorf("event %d changed: %v", i, err)
		}
	}
	if found < len(events)*3/4 {
		t.Errorf("%d changed events: only %d were found", len(events), found)
	}
}

func TestPlayerAnswers(t *testing.T) {
	tape, err := readTape(fileOf(encodeLog(t, []Record{
		{Kind: KindAnswer, At: moment(0, 0), Query: machine.QueryWallClock, Answer: 42},
		{Kind: KindInput, At: moment(10, 1), Now: 80, Ordinal: 1, Input: machine.Input{Kind: machine.InputSerial, Data: []byte("a")}},
		{Kind: KindWarp, At: moment(10, 2), Now: 80, Ordinal: 2, Until: 500},
		{Kind: KindEnd, At: moment(20, 0), Now: 580, Ordinal: 3, Reason: "done"},
	}, 2)), "log")
	if err != nil {
		t.Fatal(err)
	}
	now := uint64(0)
	take := func(at machine.Moment) func(*Player) (any, error) {
		return func(p *Player) (any, error) { in, ok, err := p.Take(at); return [2]any{string(in.Data), ok}, err }
	}
	idle := func(at machine.Moment, now, deadline uint64) func(*Player) (any, error) {
		return func(p *Player) (any, error) { return p.Idle(at, now, deadline) }
	}
	ask := func(at machine.Moment, q machine.Query) func(*Player) (any, error) {
		return func(p *Player) (any, error) { return p.Ask(at, q) }
	}
	horizon := func(at machine.Moment) func(*Player) (any, error) {
		return func(p *Player) (any, error) { return p.Horizon(at), nil }
	}
	// late gives the machine another time than it had.
	late := func(ns int64, do func(*Player) (any, error)) func(*Player) (any, error) {
		return func(p *Player) (any, error) { now += uint64(ns); return do(p) }
	}
	diverged, end := new(*ErrDiverged), new(*ErrEndOfRecording)
	none := [2]any{"", false}
	tests := []struct {
		name     string
		consumed uint64
		do       func(*Player) (any, error)
		want     any
		err      any
		after    uint64
	}{
		{"the answer", 0, ask(moment(0, 0), 1), int64(42), nil, 1},
		{"another query", 0, ask(moment(0, 0), 2), nil, diverged, 0},
		{"a query too late", 0, ask(moment(1, 0), 1), nil, diverged, 0},
		{"a query too many", 1, ask(moment(1, 0), 1), nil, diverged, 1},
		{"a query not made", 0, take(moment(1, 0)), nil, diverged, 0},
		{"no input yet", 1, take(moment(10, 0)), none, nil, 1},
		{"the input", 1, take(moment(10, 1)), [2]any{"a", true}, nil, 2},
		{"the input missed", 1, take(moment(10, 2)), nil, diverged, 1},
		{"a jump where the input was", 1, idle(moment(10, 1), 80, 100), nil, diverged, 1},
		{"a jump before the input", 1, idle(moment(10, 0), 80, 100), uint64(100), nil, 1},
		{"no timer, nothing logged", 1, idle(moment(10, 0), 80, machine.NoDeadline), nil, diverged, 1},
		{"an early-ended wait", 2, idle(moment(10, 2), 80, 501), uint64(500), nil, 3},
		{"no timer", 2, idle(moment(10, 2), 80, machine.NoDeadline), uint64(500), nil, 3},
		{"a deadline that was not passed", 2, idle(moment(10, 2), 80, 500), nil, diverged, 2},
		{"a time that is past", 2, idle(moment(10, 2), 501, 600), nil, diverged, 2},
		{"input asked while a wait is due", 2, take(moment(10, 2)), none, nil, 2},
		{"a late input", 1, late(1, take(moment(10, 1))), nil, diverged, 1},
		{"an early input", 1, late(-1, take(moment(10, 1))), nil, diverged, 1},
		{"late before the input", 1, late(1, take(moment(10, 0))), nil, diverged, 1},
		{"early before the input", 1, late(-1, take(moment(10, 0))), none, nil, 1},
		{"a late query", 0, late(1, ask(moment(0, 0), 1)), nil, diverged, 0},
		{"a late wait", 2, late(1, idle(moment(10, 2), 80, 501)), nil, diverged, 2},
		{"late before the end", 3, late(1, take(moment(19, 0))), nil, diverged, 3},
		{"late at the end", 3, late(1, take(moment(20, 0))), nil, diverged, 3},
		{"early at the end", 3, late(-1, take(moment(20, 0))), nil, diverged, 3},
		{"after the last event", 3, take(moment(19, 5)), none, nil, 3},
		{"at the end", 3, take(moment(20, 0)), nil, end, 3},
		{"idle at the end", 3, idle(moment(20, 0), 600, 700), nil, end, 3},
		{"a query after the end", 3, ask(moment(21, 0), 1), nil, end, 3},
		{"horizon before an event", 1, horizon(moment(3, 0)), uint64(10), nil, 1},
		{"horizon at an event", 1, horizon(moment(10, 0)), uint64(11), nil, 1},
		{"horizon before the end", 3, horizon(moment(10, 3)), uint64(20), nil, 3},
		{"horizon at the end", 3, horizon(moment(20, 0)), uint64(21), nil, 3},
	}
	for _, test := range tests {
		p := NewPlayer(tape)
		p.Clock = func() uint64 { return now }
		now = []uint64{0, 80, 80, 580}[test.consumed]
		if err := p.Seek(test.consumed); err != nil {
			t.Fatal(err)
		}
		got, err := test.do(p)
		if test.err != nil && !errors.As(err, test.err) || test.err == nil && (err != nil || !reflect.DeepEqual(got, test.want)) {
			t.Errorf("%s: %v, %v; want %v, %T", test.name, got, err, test.want, test.err)
		}
		if p.Consumed() != test.after {
			t.Errorf("%s: %d events consumed; want %d", test.name, p.Consumed(), test.after)
		}
	}
	if err := NewPlayer(tape).Seek(4); err == nil {
		t.Error("Seek past the last event gives no error")
	}
}

func TestRecorderLogsOnlyEarlyEndedWaits(t *testing.T) {
	d, w := roomyLog(t)
	live := NewLive(time.Now, cryptorand.Reader, false)
	r := NewRecorder(live, w)
	r.Clock = func() uint64 { return 10 }
	r.Idle(moment(1, 0), 10, 100)
	live.Interrupt()
	r.Clock = func() uint64 { return 110 }
	r.Idle(moment(2, 0), 110, 200)
	w.Close()
	records, _ := readLog(d.bytes())
	want := []Record{{Kind: KindWarp, At: moment(2, 0), Now: 110, Until: 110}}
	if !reflect.DeepEqual(records, want) {
		t.Errorf("the log is %+v; want %+v", records, want)
	}
}
