// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/vmrr/vmrr/machine"
)

// Live is the door of a machine that runs now: inputs come from the host as they
// happen. Push, Queued, Interrupt and Close may be called from any thread.
type Live struct {
	now    func() time.Time
	random io.Reader
	sleep  bool
	onPush func()

	mu          sync.Mutex
	queue       []machine.Input
	interrupted bool
	wake        chan struct{} // holds a token if something happened since the last wait
	closed      chan struct{}
	closing     sync.Once
}

// NewLive returns a door to the host. now is the host's clock (time.Now), random
// the source of entropy (crypto/rand.Reader). With
// sleep, an idle machine waits in host time for as long as its clock jumps;
// without, its clock jumps at once.
func NewLive(now func() time.Time, random io.Reader, sleep bool) *Live {
	return &Live{now: now, random: random, sleep: sleep, wake: make(chan struct{}, 1), closed: make(chan struct{})}
}

// OnPush sets the function that makes a running machine come to Take
// (Engine.RequestStop). It is called on the pusher's thread; it must be set
// before the first Push.
func (l *Live) OnPush(f func()) { l.onPush = f }

// Push queues an input for delivery at the next opportunity. Long serial data is
// split into several inputs. After Close it does nothing.
func (l *Live) Push(in machine.Input) {
	data := append([]byte(nil), in.Data...)
	l.mu.Lock()
	for {
		n := min(len(data), maxInputData)
		in.Data, data = data[:n:n], data[n:]
		l.queue = append(l.queue, in)
		if len(data) == 0 {
			break
		}
	}
	l.mu.Unlock()
	l.kick()
}

// Queued returns how many bytes for a serial port were pushed and not yet taken.
func (l *Live) Queued(unit uint8) (bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, in := range l.queue {
		if in.Kind == machine.InputSerial && in.Unit == unit {
			bytes += len(in.Data)
		}
	}
	return bytes
}

// Interrupt ends the Idle in progress, or the next one, without an input, and
// makes a running machine come to Take.
func (l *Live) Interrupt() {
	l.mu.Lock()
	l.interrupted = true
	l.mu.Unlock()
	l.kick()
}

// Close makes Idle and Ask return ErrClosed from now on.
func (l *Live) Close() {
	l.closing.Do(func() { close(l.closed) })
	l.kick()
}

func (l *Live) kick() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
	if l.onPush != nil {
		l.onPush()
	}
}

func (l *Live) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// Ask answers from the host.
func (l *Live) Ask(at machine.Moment, q machine.Query) (int64, error) {
	if l.isClosed() {
		return 0, ErrClosed
	}
	switch q {
	case machine.QueryWallClock:
		return l.now().Unix(), nil
	case machine.QueryEntropy:
		return l.entropy()
	}
	return 0, fmt.Errorf("at %v the machine asks query %d, which the host cannot answer", at, q)
}

func (l *Live) entropy() (int64, error) {
	var b [8]byte
	if _, err := io.ReadFull(l.random, b[:]); err != nil {
		return 0, fmt.Errorf("reading the host's entropy: %w", err)
	}
	return int64(binary.LittleEndian.Uint64(b[:])), nil
}

// Take returns the oldest queued input.
func (l *Live) Take(at machine.Moment) (machine.Input, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return machine.Input{}, false, nil
	}
	in := l.queue[0]
	l.queue = l.queue[1:]
	return in, true, nil
}

// Horizon is never, because Push stops the CPU; but an input that was pushed
// after Take found none is asked for at the next instruction.
func (l *Live) Horizon(at machine.Moment) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) > 0 {
		return at.ICount + 1
	}
	return math.MaxUint64
}

// Idle waits as NewLive says, but until something happens if no timer is armed.
// What ends a wait early ends it at now plus the host ns waited; without sleep,
// at now. An input that is queued already ends it at now.
func (l *Live) Idle(at machine.Moment, now, deadline uint64) (uint64, error) {
	if l.isClosed() {
		return now, ErrClosed
	}
	if l.happened() {
		return now, nil
	}
	var expired <-chan time.Time // never, if no timer is armed
	if deadline != machine.NoDeadline {
		if !l.sleep {
			return deadline, nil
		}
		t := time.NewTimer(time.Duration(min(deadline-now, math.MaxInt64)))
		defer t.Stop()
		expired = t.C
	}
	start := l.now()
	early, err := l.wait(expired)
	switch {
	case err != nil:
		return now, err
	case !early:
		return deadline, nil
	case !l.sleep:
		return now, nil
	}
	waited := uint64(max(l.now().Sub(start), 0))
	return now + min(waited, deadline-now), nil
}

// wait returns early when something has happened, and not early when the timer expires.
func (l *Live) wait(expired <-chan time.Time) (early bool, err error) {
	for {
		if l.isClosed() {
			return false, ErrClosed
		}
		if l.happened() {
			return true, nil
		}
		select {
		case <-l.wake:
		case <-expired:
			return false, nil
		}
	}
}

// happened reports whether an input is queued or an interrupt is wanted, and
// forgets the interrupt.
func (l *Live) happened() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.interrupted
	l.interrupted = false
	return len(l.queue) > 0 || was
}
