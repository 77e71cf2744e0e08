// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import "time"

// Policy says when snapshots are taken while the machine runs forward, and how
// many bytes of them are kept. The zero value is the default.
type Policy struct {
	// Every is how many instructions apart they are taken; 0: DefaultInterval.
	Every uint64
	// Time, if not 0, is how far apart in host time they are taken instead.
	Time time.Duration
	// Budget is how many bytes their pages may take; 0: DefaultBudget.
	Budget int64
}

// The defaults: some hundredths of a second of running, so that a search never has to
// run through much more than what it looks for; and 1 GiB.
const (
	DefaultInterval = 25e6
	DefaultBudget   = 1 << 30
)

// Never, as Policy.Every, is for who will not go back: no snapshot is taken.
const Never = 1 << 62

// look is how many instructions apart a pacer by host time looks at the clock.
const look = 10e6

// share is the part of the time that taking snapshots may cost: one in so many.
const share = 20

// pacer decides when a running machine is due for a snapshot. Host time decides
// whether one is taken, never what the guest sees.
type pacer struct {
	Policy
	now    func() time.Time
	resume time.Time     // when the run in progress began
	ran    time.Duration // running, before that
	taking time.Duration // taking snapshots
	last   time.Duration // ran when the last was taken
}

func newPacer(p Policy) pacer {
	if p.Every == 0 {
		p.Every = DefaultInterval
	}
	if p.Time != 0 {
		p.Every = look
	}
	if p.Budget == 0 {
		p.Budget = DefaultBudget
	}
	return pacer{Policy: p, now: time.Now}
}

// next returns the first count after n at which to ask due.
func (p *pacer) next(n uint64) uint64 { return (n/p.Every + 1) * p.Every }

// start and stop enclose the machine's running.
func (p *pacer) start() { p.resume = p.now() }
func (p *pacer) stop()  { p.ran += p.now().Sub(p.resume) }

// due reports whether a snapshot is to be taken at a count that next named.
func (p *pacer) due() bool {
	return p.taking*share <= p.ran && (p.Time == 0 || p.ran-p.last >= p.Time)
}

// took is told how long taking one has cost.
func (p *pacer) took(d time.Duration) {
	p.taking += d
	p.last = p.ran
}
