// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/machine"
)

// Player is the door of a machine that is replayed: it gives back what a
// Recorder logged, at the same moments, and finds out if the machine is no
// longer the one that was recorded (*ErrDiverged). Where the recording ends it
// answers *ErrEndOfRecording.
type Player struct {
	*Tape
	next int // index of the next event
}

// NewPlayer returns a player at the start of a recording. Several players may
// play the same tape.
func NewPlayer(t *Tape) *Player { return &Player{Tape: t} }

// Consumed returns the number of events (inputs, answers and early-ended waits)
// that have been played: the player's whole state.
func (p *Player) Consumed() uint64 { return uint64(p.next) }

// Seek sets the number of events that have been played; the machine must be put
// into the state it had at that point by other means.
func (p *Player) Seek(consumed uint64) error {
	if n := uint64(len(p.events)); consumed > n {
		return fmt.Errorf("the recording has %d events, so %d of them cannot have been played", n, consumed)
	}
	p.next = int(consumed)
	return nil
}

// Ask returns the recorded answer.
func (p *Player) Ask(at machine.Moment, q machine.Query) (int64, error) {
	e, err := p.peek(at)
	if err != nil {
		return 0, err
	}
	if e == nil || e.At != at || e.Kind != KindAnswer || e.Query != q {
		return 0, p.diverged(at, fmt.Sprintf("a query of kind %d by the machine", q))
	}
	p.next++
	return e.Answer, nil
}

// Take returns the next recorded input if its moment is at.
func (p *Player) Take(at machine.Moment) (machine.Input, bool, error) {
	e, err := p.peek(at)
	if err != nil || e == nil || e.At != at || e.Kind != KindInput {
		return machine.Input{}, false, err
	}
	p.next++
	in := e.Input
	in.Data = append([]byte(nil), in.Data...)
	return in, true, nil
}

// Horizon returns the icount of the next event, or where the recording ends. If
// that is due already, Take must be asked at the next instruction: if the machine
// has not taken the event by then, it has diverged, and Take says so.
func (p *Player) Horizon(at machine.Moment) uint64 {
	stop := p.end.At.ICount
	if p.next < len(p.events) {
		stop = p.events[p.next].At.ICount
	}
	return max(stop, at.ICount+1)
}

// Idle returns what the recorded wait returned: deadline, unless the log says otherwise.
func (p *Player) Idle(at machine.Moment, now, deadline uint64) (uint64, error) {
	e, err := p.peek(at)
	if err != nil {
		return now, err
	}
	if e != nil && e.At == at {
		if e.Kind != KindWarp || e.Until < now || e.Until >= deadline {
			return now, p.diverged(at, fmt.Sprintf("an idle CPU at %d ns, the next timer at %d ns", now, deadline))
		}
		p.next++
		return e.Until, nil
	}
	if deadline == machine.NoDeadline {
		return now, p.diverged(at, fmt.Sprintf("an idle CPU at %d ns with no timer armed", now))
	}
	return deadline, nil
}

// peek returns the next event, nil if only the end follows. It fails if the
// event's moment is past or the recording does not know what follows at.
func (p *Player) peek(at machine.Moment) (*Record, error) {
	if p.next == len(p.events) {
		end := &p.end
		if !at.Before(end.At) {
			return nil, &ErrEndOfRecording{At: end.At, CutOff: end.CutOff != nil, Reason: end.Reason}
		}
		return nil, nil
	}
	e := &p.events[p.next]
	if e.At.Before(at) {
		return nil, p.diverged(at, "a machine that went past it")
	}
	return e, nil
}

// diverged makes the error for a machine that does what does not fit the next event.
func (p *Player) diverged(at machine.Moment, got string) error {
	want := fmt.Sprintf("nothing before the end at %v", p.end.At)
	if p.next < len(p.events) {
		e := &p.events[p.next]
		want = fmt.Sprintf("%s at %v", e.Summary(), e.At)
	}
	return &ErrDiverged{At: at, What: fmt.Sprintf("event %d of the log", p.next), Want: want, Got: got}
}

// IsEnd reports whether err is the regular end of a recording.
func IsEnd(err error) bool {
	var end *ErrEndOfRecording
	return errors.As(err, &end)
}
