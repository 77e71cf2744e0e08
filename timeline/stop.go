// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

// Stop says why the machine stopped. Where it stopped is the machine's Moment.
type Stop int

// The reasons.
const (
	StopArrived     Stop = iota // it went as far as it was told to
	StopBreak                   // the next instruction is under a breakpoint
	StopInterrupted             // the context was cancelled
	StopBegin                   // the beginning of history
	StopEnd                     // the end of history, or the machine ended
	StopMark                    // the mark
	StopWatch                   // a watchpoint was hit, LastHit says which: going forward by the instruction before, going back by the next one
)

func (s Stop) String() string {
	return [...]string{"arrived", "breakpoint", "interrupted", "begin of history", "end of history", "mark", "watchpoint"}[s]
}
