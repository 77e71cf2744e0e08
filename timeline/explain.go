// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/diff"
	"github.com/vmrr/vmrr/snapshots"
)

// The machine at a goal is not as recorded. Passes over the same instructions, from
// the last state that was, tell why.
//
//	the second pass is as recorded            it happened once, unless the same comes
//	                                          of code that is translated anew: the engine
//	the second is not as the first            it is unsteady
//	another way of running is as recorded     the engine; the first instruction is searched
//	another way leads elsewhere               the engine as well
//	all ways lead to the same                 the recorded run was another

// explain finds out why a pass to the first of some goals had a bad outcome.
func (v *verifier) explain(first outcome, goals []goal) error {
	v.stage("the replay differs: running it again")
	v.forget()
	first.hash = v.m.Hash() // of all of RAM
	failed := v.Snapshot()
	d := &Divergence{Seen: first.diverged, Good: v.good.State.At, Bad: first.at}
	if !first.stuck {
		if err := v.addParts(d, goals[0]); err != nil {
			return err
		}
	}
	second, err := v.again(straight, goals[0])
	if err != nil {
		return err
	}
	switch {
	case second.diverged == nil:
		v.stage("the replay differs: running it " + cold.name)
		third, err := v.again(cold, goals[0])
		if err != nil {
			return err
		}
		if third.same(first) {
			d.Cause = CauseEngine
			return v.pin(d, cold, straight, pinUntil(goals[0], first))
		}
		d.Cause, d.Want, d.Got = CauseOnce, "the second pass", "the first"
		if goals[0].end {
			d.Good = v.from // what changed RAM behind the engine's back shows only where all of it is looked at
		}
		return v.compareFailed(d, failed, first)
	case !second.same(first):
		d.Cause, d.Want, d.Got = CauseUnsteady, "the second pass", "the first"
		return v.compareFailed(d, failed, first)
	}
	return v.tryWays(d, first, goals)
}

// addParts names what differs from the recording in the present state.
func (v *verifier) addParts(d *Divergence, g goal) error {
	if g.snap != nil {
		list, err := v.compareKept(g.snap)
		d.Parts = list.Names()
		return orDiverged(err)
	}
	want := v.cfg.Player.End().Final.Parts
	if g.hash != nil {
		want = g.hash.Parts
	}
	for i, got := range stateHash(v.m).Parts {
		if i < len(want) && want[i] != got {
			d.Parts = append(d.Parts, v.m.Parts()[i])
		}
	}
	return nil
}

// again is another pass, from the last good state.
func (v *verifier) again(w way, g goal) (outcome, error) {
	if err := v.restore(v.good); err != nil {
		return outcome{}, err
	}
	return v.pass(w, g)
}

// compareFailed compares the state that the first pass led to with what another
// pass leads to there.
func (v *verifier) compareFailed(d *Divergence, failed *snapshots.Snapshot, first outcome) error {
	if v.m.Moment() != first.at {
		if _, err := v.state(straight, v.good, first.at.ICount); err != nil {
			return err
		}
	}
	return v.compareWith(d, diff.Of(v.m), stateOf(failed))
}

// compareWith notes the differences of two states and ends the search.
func (v *verifier) compareWith(d *Divergence, want, got diff.State) error {
	list, err := diff.Compare(v.m, want, got)
	if err != nil {
		return err
	}
	d.At, d.Differences = got.At, list
	return d
}

// tryWays runs the instructions in other ways than the first two passes did.
func (v *verifier) tryWays(d *Divergence, first outcome, goals []goal) error {
	elsewhere := way{}
	for _, w := range others {
		v.stage("the replay differs: running it " + w.name)
		o, err := v.again(w, goals[0])
		if err != nil {
			return err
		}
		if o.diverged == nil {
			d.Cause = CauseEngine
			return v.pin(d, straight, w, pinUntil(goals[0], first))
		}
		if !o.same(first) {
			elsewhere = w
		}
	}
	if elsewhere.name != "" {
		d.Cause = CauseEngineToo
		return v.pin(d, straight, elsewhere, pinUntil(goals[0], first))
	}
	d.Cause = CauseRecording
	return v.compareRecorded(d, first, goals)
}

// pinUntil returns a count at which a pass with a bad outcome differs from others.
func pinUntil(g goal, bad outcome) uint64 { return min(g.until, bad.at.ICount+1) }

// compareRecorded compares the state at the first goal, or at the first one behind
// it that has a snapshot, with that.
func (v *verifier) compareRecorded(d *Divergence, first outcome, goals []goal) error {
	for i, g := range goals {
		if i > 0 && first.stuck {
			break // it leads no further
		}
		if g.snap == nil {
			continue
		}
		if i > 0 {
			v.stage("the replay differs: going on to a snapshot")
		}
		if err := v.advance(straight, g.until); err != nil {
			if err := orDiverged(err); err != nil {
				return err
			}
			break
		}
		list, err := v.compareKept(g.snap)
		if err != nil || len(list) == 0 {
			if err := orDiverged(err); err != nil {
				return err
			}
			break
		}
		d.At, d.Differences = v.m.Moment(), list
		d.Want, d.Got = snapshotName(g.snap), "the replay"
		if i == 0 {
			return v.blameSnapshot(d, goals[1:])
		}
		break
	}
	return d
}

// blameSnapshot finds out whether it is the snapshot and not the run that differs:
// then the next hash record is right.
func (v *verifier) blameSnapshot(d *Divergence, goals []goal) error {
	for _, g := range goals {
		if g.snap != nil {
			continue
		}
		o, err := v.pass(straight, g)
		if err != nil {
			return err
		}
		if o.diverged == nil && !(g.end && v.cfg.Player.End().CutOff != nil) {
			d.Cause = CauseSnapshot
		}
		break
	}
	return d
}

// maxEvents bounds the events that a Divergence lists.
const maxEvents = 20

// addEvents adds the events of the log between the last good and the first bad state.
func (t *Timeline) addEvents(d *Divergence) {
	for e, err := range t.cfg.Player.EventsBetween(d.Good, machine.Moment{ICount: d.Bad.ICount, Sub: d.Bad.Sub + 1}) {
		switch {
		case err != nil:
			return // the report does without
		case len(d.Events) < maxEvents:
			d.Events = append(d.Events, e)
		default:
			d.MoreEvents++
		}
	}
}
