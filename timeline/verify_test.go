// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/diff"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// diverges verifies and returns the report; it must be there.
func diverges(t *testing.T, tl *timeline.Timeline) *timeline.Divergence {
	t.Helper()
	stop, err := tl.Verify(background)
	var d *timeline.Divergence
	var seen *replay.ErrDiverged
	if !errors.As(err, &d) || !errors.As(err, &seen) || seen != d.Seen {
		t.Fatalf("Verify() = %v, error %v; want a Divergence that wraps an ErrDiverged", stop, err)
	}
	t.Logf("the report:\n%s", d.String())
	if d.Events == nil && d.Good.ICount < inputAt && inputAt < d.Bad.ICount {
		t.Errorf("the report from %v to %v has no events, want the input at %d", d.Good, d.Bad, uint64(inputAt))
	}
	return d
}

// bit is the difference that flip makes at faultPA.
func bit(want, got string) []diff.Difference {
	return []diff.Difference{{Part: "RAM", Place: "0xabcdef5", Address: faultPA, Want: want, Got: got}}
}

// listed returns the differences of all parts.
func listed(l diff.List) (all []diff.Difference) {
	for _, p := range l {
		all = append(all, p.Differences...)
	}
	return all
}

// finding is what a report must say.
type finding struct {
	cause       timeline.Cause
	good, bad   uint64
	parts       []string
	at          uint64            // where states were compared; 0: they were not
	differences []diff.Difference // nil: any
	instruction uint64            // the count that it makes; 0: none is pinned
}

func (f *finding) check(t *testing.T, d *timeline.Divergence) {
	t.Helper()
	good, bad := machine.Moment{ICount: f.good}, machine.Moment{ICount: f.bad}
	if d.Cause != f.cause || d.Good != good || d.Bad != bad || !reflect.DeepEqual(d.Parts, f.parts) {
		t.Errorf("the report says: cause %d, good at %v, bad at %v, in %q; want cause %d, %v, %v, %q",
			d.Cause, d.Good, d.Bad, d.Parts, f.cause, good, bad, f.parts)
	}
	if at := (machine.Moment{ICount: f.at}); d.At != at || (d.Want == "") != (f.at == 0) {
		t.Errorf("the report compares %q with %q at %v, want it at %v", d.Want, d.Got, d.At, at)
	}
	if got := listed(d.Differences); f.differences != nil && !reflect.DeepEqual(got, f.differences) {
		t.Errorf("the report has the differences\n%+v\nwant\n%+v", got, f.differences)
	}
	switch i := d.Instruction; {
	case (i != nil) != (f.instruction != 0):
		t.Errorf("the report has instruction %+v, want one %v", i, f.instruction != 0)
	case i != nil:
		if i.ICount != f.instruction || i.Linear == 0 || i.Offset != i.Linear || i.Selector != 0x10 {
			t.Errorf("the report pins %+v, want the one that makes icount %d, in the kernel", i, f.instruction)
		}
		marked := 0
		for _, c := range i.Code {
			if c.PC == i.Linear {
				marked++
			}
		}
		if len(i.Code) < 4 || marked != 1 || !strings.Contains(d.String(), "=> 0x") {
			t.Errorf("the code around it is %+v, want at least 4 instructions with it among them", i.Code)
		}
	}
}

func TestVerifyFindsFaults(t *testing.T) {
	const snapAt, inputSeen = faultAt + 500_000, inputAt + 5
	all, com1 := []string{"RAM"}, []string{"com1"}
	flip := func(d *door, bits byte) { d.flip(faultPA, bits) }
	for _, test := range []struct {
		name   string
		record func(d *door) // what goes wrong in the recording, at faultAt
		keep   []uint64      // where it keeps snapshots
		at     uint64        // where something goes wrong in the replay; 0: nowhere
		fault  func(d *door, pass int, from uint64)
		want   finding
	}{
		{name: "a bit of RAM flips, once", at: faultAt,
			fault: func(d *door, pass int, _ uint64) {
				if pass == 1 {
					flip(d, faultBit)
				}
			},
			want: finding{cause: timeline.CauseOnce, good: hashBefore, bad: hashBehind, parts: all, at: hashBehind, differences: bit("00", "10")}},
		{name: "a bit of the host's memory flips, once", at: faultAt,
			fault: func(d *door, pass int, _ uint64) {
				if pass == 1 {
					offset, _ := d.vm.RAM.Offset(faultPA)
					d.vm.RAM.Host[offset] ^= faultBit
				}
			},
			want: finding{cause: timeline.CauseOnce, good: 0, bad: faultEnd, parts: all, at: faultEnd, differences: bit("00", "10")}},
		{name: "a bit flips in every pass", at: faultAt,
			fault: func(d *door, _ int, _ uint64) { flip(d, faultBit) },
			want:  finding{cause: timeline.CauseRecording, good: hashBefore, bad: hashBehind, parts: all}},
		{name: "a bit flips in every pass, and a snapshot is near", at: faultAt, keep: []uint64{inputSeen, snapAt},
			fault: func(d *door, _ int, _ uint64) { flip(d, faultBit) },
			want:  finding{cause: timeline.CauseRecording, good: inputSeen, bad: snapAt, parts: all, at: snapAt, differences: bit("00", "10")}},
		{name: "a bit flips in every pass, and a snapshot follows", at: faultAt, keep: []uint64{hashBehind + 1_000_000},
			fault: func(d *door, _ int, _ uint64) { flip(d, faultBit) },
			want:  finding{cause: timeline.CauseRecording, good: hashBefore, bad: hashBehind, parts: all, at: hashBehind + 1_000_000, differences: bit("00", "10")}},
		{name: "a bit flips while it is recorded, and a snapshot is near", keep: []uint64{snapAt},
			record: func(d *door) { flip(d, faultBit) },
			want:   finding{cause: timeline.CauseRecording, good: hashBefore, bad: snapAt, parts: all, at: snapAt, differences: bit("10", "00")}},
		{name: "another bit flips in every pass", at: faultAt,
			fault: func(d *door, pass int, _ uint64) { flip(d, 1<<pass) },
			want:  finding{cause: timeline.CauseUnsteady, good: hashBefore, bad: hashBehind, parts: all, at: hashBehind, differences: bit("04", "02")}},
		{name: "a bit flips in long runs", at: faultAt,
			fault: func(d *door, _ int, from uint64) {
				if long(from) {
					flip(d, faultBit)
				}
			},
			want: finding{cause: timeline.CauseEngine, good: faultAt, bad: faultAt + 1, parts: all, at: faultAt + 1,
				differences: bit("00", "10"), instruction: faultAt + 1}},
		{name: "a register changes in long runs", at: faultAt,
			fault: func(d *door, _ int, from uint64) {
				if long(from) {
					r := d.vm.Engine.Description().Lookup("xmm15")
					d.vm.Engine.WriteRegister(r, append(make([]byte, 15), 0x80))
				}
			},
			want: finding{cause: timeline.CauseEngine, good: faultAt, bad: faultAt + 1, parts: []string{"CPU"}, at: faultAt + 1,
				differences: []diff.Difference{{Part: "CPU", Place: "XMM[15]",
					Want: "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", Got: "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 80"}},
				instruction: faultAt + 1}},
		{name: "a bit flips where code is translated", at: faultAt,
			fault: func(d *door, pass int, _ uint64) {
				if pass == 1 || d.vm.Unicorn.Stats().TranslatedBlocks != d.blocks {
					flip(d, faultBit)
				}
			},
			want: finding{cause: timeline.CauseEngine, good: faultAt, bad: faultAt + 1, parts: all, at: faultAt + 1,
				differences: bit("00", "10"), instruction: faultAt + 1}},
		{name: "a bit flips in long runs and another in short ones", at: faultAt,
			fault: func(d *door, _ int, from uint64) {
				if long(from) {
					flip(d, faultBit)
				} else {
					flip(d, 2*faultBit)
				}
			},
			want: finding{cause: timeline.CauseEngineToo, good: faultAt, bad: faultAt + 1, parts: all, at: faultAt + 1,
				differences: bit("20", "10"), instruction: faultAt + 1}},
		{name: "an input is swallowed, once", at: inputAt, keep: []uint64{inputSeen},
			fault: func(d *door, pass int, _ uint64) {
				if pass == 1 {
					d.swallow = true
				}
			},
			want: finding{cause: timeline.CauseOnce, good: hashBefore, bad: inputSeen, parts: com1, at: inputSeen}},
		{name: "an input is swallowed in every pass", at: inputAt, keep: []uint64{inputSeen},
			fault: func(d *door, _ int, _ uint64) { d.swallow = true },
			want:  finding{cause: timeline.CauseRecording, good: hashBefore, bad: inputSeen, parts: com1, at: inputSeen}},
		{name: "an input comes one instruction late, in every pass", at: inputAt, keep: []uint64{inputAt, inputAt + 1},
			fault: func(d *door, _ int, _ uint64) { d.delay = true },
			want:  finding{cause: timeline.CauseRecording, good: inputAt, bad: inputAt + 1, parts: com1, at: inputAt + 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := recordFault(t, test.record, test.keep...)
			tl := r.open(t, func(player *replay.Player) *door {
				d, pass := &door{Inputs: player, at: test.at}, 0
				d.then = func(from uint64) {
					if pass++; test.fault != nil {
						test.fault(d, pass, from)
					}
				}
				return d
			})
			d := diverges(t, tl)
			test.want.check(t, d)
			if d.Parts[0] == "com1" && d.Differences.Names()[0] != "com1" {
				t.Errorf("the report has the differences\n%v\nwant them in com1", d.Differences)
			}
		})
	}
}

// What the player notices itself is explained as well.
func TestVerifyFindsLostInput(t *testing.T) {
	for _, once := range []bool{true, false} {
		r := recordFault(t, nil)
		tl := r.open(t, func(player *replay.Player) *door {
			d, pass := &door{Inputs: player, at: inputAt}, 0
			d.then = func(uint64) {
				pass++
				d.lose = pass == 1 || !once
			}
			return d
		})
		d := diverges(t, tl)
		want := timeline.CauseRecording
		if once {
			want = timeline.CauseOnce
		}
		if d.Cause != want || d.Good.ICount != hashBefore || d.Bad.ICount != inputAt+1 || len(d.Events) != 1 {
			t.Errorf("an input was lost, once %v: cause %d, from %v to %v with events %v; want cause %d, from %d to %d with the input",
				once, d.Cause, d.Good, d.Bad, d.Events, want, uint64(hashBefore), uint64(inputAt+1))
		}
		if once && (len(d.Differences) == 0 || !slices.Contains(d.Differences.Names(), "com1")) {
			t.Errorf("an input was lost once: it differs in %q, want com1", d.Differences.Names())
		}
	}
}

// A snapshot of another run is told from a run that went wrong.
func TestVerifyBlamesSnapshot(t *testing.T) {
	r, other := recordFault(t, nil), recordFault(t, func(d *door) { d.flip(faultPA, faultBit) }, faultAt+500_000)
	r.kept = other.kept
	f := finding{cause: timeline.CauseSnapshot, good: hashBefore, bad: faultAt + 500_000, parts: []string{"RAM"}, at: faultAt + 500_000,
		differences: bit("10", "00")}
	f.check(t, diverges(t, r.open(t, nil)))
}

func TestVerifyOfGoodRecording(t *testing.T) {
	r := recordFault(t, nil, inputAt, inputAt+5, faultEnd-1)
	tl := r.open(t, nil)
	if stop, err := tl.Verify(background); stop != timeline.StopEnd || err != nil {
		t.Fatalf("Verify() = %v, error %v; want the end of history", stop, err)
	}
	if at := tl.Machine().Moment(); at.ICount != faultEnd {
		t.Errorf("Verify() ends at %v, want icount %d", at, uint64(faultEnd))
	}
}

// A snapshot that lies between two canonical states is compared too.
func TestVerifyOfSnapshotBetween(t *testing.T) {
	for _, wrong := range []bool{false, true} {
		r := recordFault(t, nil)
		r.kept = []*snapshots.Snapshot{r.between(t, wrong)}
		tl := r.open(t, nil)
		if !wrong {
			if stop, err := tl.Verify(background); stop != timeline.StopEnd || err != nil {
				t.Errorf("Verify() = %v, error %v; want the end of history", stop, err)
			}
			continue
		}
		f := finding{cause: timeline.CauseSnapshot, good: hashBefore, bad: inputAt + 1, parts: []string{"RAM"}, at: inputAt + 1,
			differences: bit("10", "00")}
		f.check(t, diverges(t, tl))
	}
}

func TestVerifyIsInterrupted(t *testing.T) {
	for _, when := range []string{"verifying", "running it again", "in slices", "searching"} {
		r := recordFault(t, nil)
		d := &door{at: faultAt}
		d.then = func(from uint64) {
			if long(from) {
				d.flip(faultPA, faultBit)
			}
		}
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		tl := r.openWith(t, func(player *replay.Player) *door { d.Inputs = player; return d }, func(what string) {
			if strings.Contains(what, when) {
				cancel()
			}
		})
		if stop, err := tl.Verify(ctx); stop != timeline.StopInterrupted || err != nil {
			t.Errorf("Verify() cancelled at stage %q: %v, error %v; want interrupted", when, stop, err)
		}
		if ctx.Err() == nil {
			t.Errorf("Verify() had no stage %q", when)
		}
	}
}
