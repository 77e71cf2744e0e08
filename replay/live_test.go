// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"crypto/rand"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/vmrr/vmrr/machine"
)

func TestLiveQueue(t *testing.T) {
	l := NewLive(func() time.Time { return time.Unix(1234567890, 5) }, rand.Reader, false)
	kicks := 0
	l.OnPush(func() { kicks++ })
	if _, ok, err := l.Take(moment(1, 0)); ok || err != nil {
		t.Errorf("Take with nothing pushed = %v, %v", ok, err)
	}
	if h := l.Horizon(moment(7, 0)); h != math.MaxUint64 {
		t.Errorf("Horizon with nothing pushed = %d; want never", h)
	}
	long := bytes.Repeat([]byte("x"), maxInputData+3)
	l.Push(machine.Input{Kind: machine.InputNMI, Unit: 2})
	l.Push(machine.Input{Kind: machine.InputSerial, Unit: 1, Data: long})
	if kicks != 2 {
		t.Errorf("two pushes kicked %d times", kicks)
	}
	if h := l.Horizon(moment(7, 0)); h != 8 {
		t.Errorf("Horizon at 7 with an input pushed = %d; want 8", h)
	}
	if n, other := l.Queued(1), l.Queued(0); n != len(long) || other != 0 {
		t.Errorf("with %d bytes pushed for port 1, Queued(1) = %d, Queued(0) = %d", len(long), n, other)
	}
	for i, want := range []int{0, maxInputData, 3} {
		in, ok, err := l.Take(moment(1, 0))
		if !ok || err != nil || len(in.Data) != want {
			t.Errorf("Take %d = %d bytes, %v, %v; want %d bytes", i, len(in.Data), ok, err, want)
		}
	}
	if n := l.Queued(1); n != 0 {
		t.Errorf("with everything taken, Queued(1) = %d", n)
	}
	if v, err := l.Ask(moment(0, 0), machine.QueryWallClock); v != 1234567890 || err != nil {
		t.Errorf("Ask(wall clock) = %d, %v", v, err)
	}
	if _, err := l.Ask(moment(0, 0), 99); err == nil {
		t.Error("Ask(99) gives no error")
	}
}

func TestLiveIdle(t *testing.T) {
	const now, waited = uint64(1_000_000), uint64(20_000_000)
	input := func(l *Live) { l.Push(machine.Input{Kind: machine.InputPower}) }
	interrupt := func(l *Live) { l.Interrupt() }
	hour := now + uint64(time.Hour)
	tests := []struct {
		name     string
		sleep    bool
		deadline uint64
		before   func(*Live) // before Idle
		during   func(*Live) // when it waits
		want     uint64
		err      error
	}{
		{"no sleep", false, hour, nil, nil, hour, nil},
		{"no sleep, input queued", false, hour, input, nil, now, nil},
		{"no sleep, no timer, input", false, machine.NoDeadline, nil, input, now, nil},
		{"no sleep, no timer, interrupt", false, machine.NoDeadline, nil, interrupt, now, nil},
		{"no sleep, no timer, closed", false, machine.NoDeadline, nil, (*Live).Close, now, ErrClosed},
		{"no sleep, closed before", false, hour, (*Live).Close, nil, now, ErrClosed},
		{"sleep to the deadline", true, now + 5_000_000, nil, nil, now + 5_000_000, nil},
		{"sleep, input queued", true, hour, input, nil, now, nil},
		{"sleep, input", true, hour, nil, input, now + waited, nil},
		{"sleep, no timer, input", true, machine.NoDeadline, nil, input, now + waited, nil},
		{"sleep, interrupt", true, hour, nil, interrupt, now + waited, nil},
		{"sleep, closed", true, hour, nil, (*Live).Close, now, ErrClosed},
	}
	for _, test := range tests {
		// The host's clock is read when a wait begins and when it has ended early.
		var l *Live
		reads := 0
		clock := func() time.Time {
			reads++
			if reads == 1 && test.during != nil {
				time.AfterFunc(20*time.Millisecond, func() { test.during(l) }) // most likely it waits then
			}
			return time.Unix(1234567890, int64(reads)*int64(waited))
		}
		l = NewLive(clock, rand.Reader, test.sleep)
		if test.before != nil {
			test.before(l)
		}
		got, err := l.Idle(moment(1, 0), now, test.deadline)
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: Idle(%d, %d) = %d, %v; want %d, %v", test.name, now, test.deadline, got, err, test.want, test.err)
		}
		if test.err == nil {
			if l.interrupted {
				t.Errorf("%s: the interrupt is still there after Idle", test.name)
			}
		}
	}
}
