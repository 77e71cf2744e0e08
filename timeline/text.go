// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
)

// maxText bounds a text to look for, in bytes.
const maxText = 4096

// ToConsole goes to where the guest has next sent a text to its console, or back to
// where it has last before: to the count at which the last byte leaves. A text that is
// complete at the present moment is neither. Breakpoints stop nothing. If ctx is
// cancelled, or there is no such text, it returns to where it began.
func (t *Timeline) ToConsole(ctx context.Context, text string, back bool) error {
	if text == "" || len(text) > maxText {
		return fmt.Errorf("a text of %d bytes cannot be looked for: want 1 to %d", len(text), maxText)
	}
	now := t.m.Moment()
	stop, err := t.jump(func() (Stop, error) {
		look := t.nextText
		if back {
			look = t.lastText
		}
		at, stop, err := look(ctx, text, now)
		switch {
		case err != nil || stop == StopInterrupted:
			return stop, err
		case at == nil:
			return 0, &NotFoundError{fmt.Sprintf("%q on the console", text), now, back}
		case t.m.Moment() == machine.Moment{ICount: *at}:
			return StopArrived, nil
		}
		return t.seek(ctx, *at)
	})
	return arrived(stop, err, "looking for %q on the console", text)
}

// sent is a byte on the console and the count at which it left.
type sent struct {
	b  byte
	at uint64
}

// matcher looks for a text in a stream of bytes.
type matcher struct {
	want   []byte
	recent []byte // the last bytes of the stream; no more than twice what is wanted
}

// put takes the next byte. It reports whether the stream now ends in the text.
func (m *matcher) put(b byte) bool {
	if len(m.recent) >= 2*len(m.want) {
		m.recent = append(m.recent[:0], m.recent[len(m.recent)-len(m.want):]...)
	}
	m.recent = append(m.recent, b)
	return bytes.HasSuffix(m.recent, m.want)
}

// listening runs f while heard is told of what the guest sends to its console. Break-
// and watchpoints stop nothing.
func (t *Timeline) listening(heard func(sent), f func() (Stop, error)) (stop Stop, err error) {
	t.m.Board.OnConsole(func(_ uint64, b byte) { heard(sent{b, t.m.Engine.ICount()}) })
	defer t.m.Board.OnConsole(nil)
	err = t.quietly(func() error {
		stop, err = f()
		return err
	})
	return stop, err
}

// lastText returns at which count before a moment a text was complete last; nil if it
// never was.
func (t *Timeline) lastText(ctx context.Context, text string, now machine.Moment) (*uint64, Stop, error) {
	// What is sent first behind the span being searched: the text may lie across
	// spans.
	var behind []sent
	hit, stop, err := t.lastBefore(ctx, quarry{trim: t.spoken, last: func(ctx context.Context, end machine.Moment) (*cpu.Hit, Stop, error) {
		m, first := matcher{want: []byte(text)}, []sent(nil)
		var found *cpu.Hit
		put := func(s sent) {
			if m.put(s.b) {
				found = &cpu.Hit{ICount: s.at}
			}
		}
		stop, err := t.listening(func(s sent) {
			if !(machine.Moment{ICount: s.at}).Before(now) {
				return
			}
			if len(first) < len(text)-1 {
				first = append(first, s)
			}
			put(s)
		}, func() (Stop, error) { return t.run(ctx, end.ICount) })
		for _, s := range behind {
			put(s)
		}
		behind = slices.Concat(first, behind)
		behind = behind[:min(len(behind), len(text)-1)]
		return found, stop, err
	}}, t.Begin(), now)
	if hit == nil {
		return nil, stop, err
	}
	return &hit.ICount, stop, err
}

// nextText runs forward until a text is complete, and returns at which count it is; nil
// if it never is.
func (t *Timeline) nextText(ctx context.Context, text string, now machine.Moment) (*uint64, Stop, error) {
	m := matcher{want: []byte(text)}
	// It may have begun before.
	home := t.here()
	tail, stop, err := t.sentBefore(ctx, len(text)-1)
	if err != nil || stop != StopArrived {
		return nil, stop, err
	}
	if stop, err := t.goTo(ctx, home); err != nil || stop != StopArrived {
		return nil, stop, err
	}
	for _, b := range tail {
		m.put(b)
	}
	var found *uint64
	stop, err = t.listening(func(s sent) {
		if found == nil && m.put(s.b) {
			found = &s.at
			t.m.Interrupt()
			t.m.Engine.SetLimit(0) // right behind the instruction that sent it
		}
	}, func() (Stop, error) { return t.run(ctx, t.End().ICount) })
	if found != nil {
		t.m.ClearInterrupt() // it may not have been seen
		stop = StopArrived
	}
	return found, stop, err
}

// sentBefore returns the last n bytes that the guest has sent to its console, fewer if it
// has not sent as many. It leaves the machine anywhere.
func (t *Timeline) sentBefore(ctx context.Context, n int) (tail []byte, stop Stop, err error) {
	count, _ := t.m.Board.Console()
	if n == 0 || count == 0 {
		return nil, StopArrived, nil
	}
	// The recording says around which counts that was.
	from, to := t.Begin().ICount, t.m.Moment().ICount
	for _, h := range t.cfg.Player.Hashes() {
		switch {
		case h.ICount > to:
		case h.ConsoleBytes >= count:
			to = h.ICount
		case h.ConsoleBytes+uint64(n) <= count:
			from = max(from, h.ICount)
		}
	}
	if stop, err := t.seek(ctx, from); err != nil || stop != StopArrived {
		return nil, stop, err
	}
	stop, err = t.listening(func(s sent) {
		if tail = append(tail, s.b); len(tail) >= 2*n {
			tail = append(tail[:0], tail[len(tail)-n:]...)
		}
	}, func() (Stop, error) { return t.run(ctx, to) })
	if stop == StopEnd {
		stop = StopArrived
	}
	return tail[max(0, len(tail)-n):], stop, err
}

// spoken is a quarry's trim: the recording tells how much the guest had sent to its console
// at some counts, and so since when it sent nothing more.
func (t *Timeline) spoken(end machine.Moment) machine.Moment {
	hashes := t.cfg.Player.Hashes()
	i := slices.IndexFunc(hashes, func(h replay.StateHash) bool { return h.ICount >= end.ICount })
	if i < 0 {
		return end
	}
	first := slices.IndexFunc(hashes, func(h replay.StateHash) bool { return h.ConsoleBytes == hashes[i].ConsoleBytes })
	if since := (machine.Moment{ICount: hashes[first].ICount}); since.Before(end) {
		return since
	}
	return end
}
