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
	// Clock returns the machine's virtual time in ns. Whoever builds the machine
	// sets it, before the machine is switched on.
	Clock func() uint64

	next    uint64  // ordinal of the next event
	present *Record // that event; nil if it was not needed yet
	cache   cache
}

// NewPlayer returns a player at the start of a recording. Several players may
// play the same tape.
func NewPlayer(t *Tape) *Player { return &Player{Tape: t} }

// Consumed returns the number of events (inputs, answers and early-ended waits)
// that have been played: the player's whole state.
func (p *Player) Consumed() uint64 { return p.next }

// Seek sets the number of events that have been played; the machine must be put
// into the state it had at that point by other means.
func (p *Player) Seek(consumed uint64) error {
	if consumed > p.events {
		return fmt.Errorf("the recording has %d events, so %d of them cannot have been played", p.events, consumed)
	}
	p.next, p.present = consumed, nil
	return nil
}

// played goes on to the next event.
func (p *Player) played() { p.next, p.present = p.next+1, nil }

// Ask returns the recorded answer.
func (p *Player) Ask(at machine.Moment, q machine.Query) (int64, error) {
	e, err := p.peek(at)
	if err != nil {
		return 0, err
	}
	if e == nil || e.At != at || e.Kind != KindAnswer || e.Query != q {
		return 0, p.diverged(at, e, fmt.Sprintf("a query of kind %d by the machine", q))
	}
	p.played()
	return e.Answer, nil
}

// Take returns the next recorded input if its moment is at.
func (p *Player) Take(at machine.Moment) (machine.Input, bool, error) {
	e, err := p.peek(at)
	if err != nil || e == nil || e.At != at || e.Kind != KindInput {
		return machine.Input{}, false, err
	}
	p.played()
	in := e.Input
	in.Data = append([]byte(nil), in.Data...)
	return in, true, nil
}

// Horizon returns the icount of the next event, or where the recording ends. If
// that is due already, Take must be asked at the next instruction: if the machine
// has not taken the event by then, it has diverged, and Take says so. So it does
// if the event cannot be read.
func (p *Player) Horizon(at machine.Moment) uint64 {
	stop := p.end.At.ICount
	if p.next < p.events {
		e, err := p.event(at)
		if err != nil {
			return at.ICount + 1
		}
		stop = e.At.ICount
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
			return now, p.diverged(at, e, fmt.Sprintf("an idle CPU at %d ns, the next timer at %d ns", now, deadline))
		}
		p.played()
		return e.Until, nil
	}
	if deadline == machine.NoDeadline {
		return now, p.diverged(at, e, fmt.Sprintf("an idle CPU at %d ns with no timer armed", now))
	}
	return deadline, nil
}

// peek returns the next event, nil if only the end follows. It fails if the
// event's moment is past, if the machine's time is not that of the recording, or
// if the recording does not know what follows at.
func (p *Player) peek(at machine.Moment) (*Record, error) {
	if p.next == p.events {
		end := &p.end
		if err := p.checkTime(at, end.At, end.Now, nil); err != nil {
			return nil, err
		}
		if !at.Before(end.At) {
			return nil, &ErrEndOfRecording{At: end.At, CutOff: end.CutOff != nil, Reason: end.Reason}
		}
		return nil, nil
	}
	e, err := p.event(at)
	if err != nil {
		return nil, err
	}
	if e.At.Before(at) {
		return nil, p.diverged(at, e, "a machine that went past it")
	}
	if err := p.checkTime(at, e.At, e.Now, e); err != nil {
		return nil, err
	}
	return e, nil
}

// event returns the next event, of which there is one.
func (p *Player) event(at machine.Moment) (*Record, error) {
	if p.present != nil {
		return p.present, nil
	}
	e, err := p.cache.find(p.Tape, p.next)
	if err != nil {
		return nil, fmt.Errorf("reading event %d of the log at %v: %w", p.next, at, err)
	}
	if e == nil || e.Ordinal != p.next {
		got := "the end of the log"
		if e != nil {
			got = fmt.Sprintf("event %d: %s at %v", e.Ordinal, e.Summary(), e.At)
		}
		return nil, &ErrDiverged{At: at, What: "the log, which has lost an event",
			Want: fmt.Sprintf("event %d", p.next), Got: got}
	}
	p.present = e
	return e, nil
}

// checkTime compares the machine's time with that of the next event, or of the end
// if e is nil: before its moment no more may have passed, at its moment exactly that.
func (p *Player) checkTime(at, moment machine.Moment, then uint64, e *Record) error {
	now := p.Clock()
	before := at.Before(moment)
	if before && now <= then || at == moment && now == then || moment.Before(at) {
		return nil
	}
	what := "the end of the recording"
	if e != nil {
		what = fmt.Sprintf("event %d of the log, %s", p.next, e.Summary())
	}
	if before {
		return &ErrDiverged{At: at, What: fmt.Sprintf("the virtual time before %s, at %v", what, moment),
			Want: fmt.Sprintf("at most %d ns", then), Got: fmt.Sprintf("%d ns", now)}
	}
	return &ErrDiverged{At: at, What: "the virtual time at " + what,
		Want: fmt.Sprintf("%d ns", then), Got: fmt.Sprintf("%d ns", now)}
}

// diverged makes the error for a machine that does what does not fit the next
// event e, nil if that is the end.
func (p *Player) diverged(at machine.Moment, e *Record, got string) error {
	want := fmt.Sprintf("nothing before the end at %v", p.end.At)
	if e != nil {
		want = fmt.Sprintf("%s at %v", e.Summary(), e.At)
	}
	return &ErrDiverged{At: at, What: fmt.Sprintf("event %d of the log", p.next), Want: want, Got: got}
}

// IsEnd reports whether err is the regular end of a recording.
func IsEnd(err error) bool {
	var end *ErrEndOfRecording
	return errors.As(err, &end)
}
