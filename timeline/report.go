// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"fmt"
	"strings"
)

func (c Cause) String() string {
	switch c {
	case CauseOnce:
		return "A second pass over the same instructions went as recorded. The difference was not repeated: the host's memory erred, or vmrr did."
	case CauseUnsteady:
		return "A second pass over the same instructions led to yet another state: something that is not in the recording decides what they do."
	case CauseEngine:
		return "Run in another way, the same instructions lead to the recorded state: the processor's engine erred."
	case CauseEngineToo:
		return "How the instructions are run decides what they do, though no way leads to the recorded state: the processor's engine errs."
	case CauseRecording:
		return "However the instructions are run, they lead to the same state, and it is not the recorded one: the recorded run was different."
	case CauseSnapshot:
		return "What follows is as recorded: not the run is wrong but the snapshot."
	}
	return fmt.Sprintf("cause %d", int(c))
}

// String is the report for people, of several lines.
func (d *Divergence) String() string {
	var b strings.Builder
	what := "the course of events"
	if len(d.Parts) > 0 {
		what = strings.Join(d.Parts, ", ")
	}
	fmt.Fprintf(&b, "The replay differs from the recording in %s: it is as recorded at %v, not at %v.\n", what, d.Good, d.Bad)
	fmt.Fprintf(&b, "Seen first at %v: %s: want %s, got %s\n%v\n", d.Seen.At, d.Seen.What, d.Seen.Want, d.Seen.Got, d.Cause)
	d.Instruction.write(&b)
	switch {
	case d.Want == "":
		fmt.Fprintf(&b, "There is no snapshot from here on to compare with.\n")
	case len(d.Differences) == 0 && (d.Cause == CauseEngine || d.Cause == CauseEngineToo):
		fmt.Fprintf(&b, "The search for the instruction went to %v; there %s and %s do not differ any more.\n", d.At, d.Want, d.Got)
	case len(d.Differences) == 0:
		fmt.Fprintf(&b, "At %v there is no difference between %s and %s.\n", d.At, d.Want, d.Got)
	default:
		fmt.Fprintf(&b, "At %v, want is %s and got is %s:\n", d.At, d.Want, d.Got)
		for line := range strings.Lines(d.Differences.String()) {
			b.WriteString("  " + line)
		}
	}
	if len(d.Events) > 0 {
		fmt.Fprintf(&b, "The log's events from %v to %v:\n", d.Good, d.Bad)
	}
	for i := range d.Events {
		fmt.Fprintf(&b, "  %v: %s\n", d.Events[i].At, d.Events[i].Summary())
	}
	if d.MoreEvents > 0 {
		fmt.Fprintf(&b, "  and %d more\n", d.MoreEvents)
	}
	return b.String()
}

func (i *Instruction) write(b *strings.Builder) {
	if i == nil {
		return
	}
	fmt.Fprintf(b, "The first instruction after which the state differs makes icount %d, at %04x:%016x:\n", i.ICount, i.Selector, i.Offset)
	for _, c := range i.Code {
		mark := "  "
		if c.PC == i.Linear {
			mark = "=>"
		}
		fmt.Fprintf(b, "  %s 0x%016x:  %s\n", mark, c.PC, c.Text)
	}
	if i.Interrupted {
		b.WriteString("  An interrupt is delivered there: the instruction is the first one of its handler.\n")
	}
}
