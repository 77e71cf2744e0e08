// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import "sync/atomic"

// looked is how far a search into the past has got. What it tells never goes back.
type looked struct {
	all  uint64        // the instructions that may have to be looked through
	done atomic.Uint64 // those of them in spans that are finished, by whatever machine
	from uint64        // where the span begins that this machine is looking through
	told uint64
}

// SetProgress sets who is told how jumps get on, as Config.Progress, and returns who was.
func (t *Timeline) SetProgress(f func(at, to uint64)) (old func(at, to uint64)) {
	old, t.cfg.Progress = t.cfg.Progress, f
	return old
}

// lookFrom says that this machine looks through the span that begins at a count.
func (t *Timeline) lookFrom(n uint64) {
	if t.looked != nil {
		t.looked.from = n
	}
}

// tell tells how a jump gets on: the machine has come to a count, and runs until another.
func (t *Timeline) tell(at, until uint64) {
	l := t.looked
	switch {
	case !t.travelling || t.cfg.Progress == nil:
	case l == nil:
		if at < until {
			t.cfg.Progress(at, min(until, t.End().ICount))
		}
	default:
		l.told = max(l.told, min(l.done.Load()+at-min(at, l.from), l.all))
		if l.told < l.all {
			t.cfg.Progress(l.told, l.all)
		}
	}
}
