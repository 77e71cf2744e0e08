// SPDX-License-Identifier: GPL-2.0-or-later

package icount

import (
	"slices"
	"testing"
)

func TestRunDueOrder(t *testing.T) {
	c, n := newClock(t, 0)
	var fired []string
	timer := func(name string) *Timer { return c.NewTimer(func() { fired = append(fired, name) }) }
	a, b, d, e := timer("a"), timer("b"), timer("d"), timer("e")
	e.Arm(5)
	d.Arm(20)
	b.Arm(10)
	a.Arm(10)
	*n = 4
	if c.RunDue() || len(fired) != 0 {
		t.Errorf("at 4 ns, before all deadlines, %q fired", fired)
	}
	*n = 19
	want := []string{"e", "a", "b"} // by deadline, then as they were made
	if !c.RunDue() || !slices.Equal(fired, want) {
		t.Errorf("at 19 ns %q fired, want %q", fired, want)
	}
	if ns, ok := c.NextDeadline(); !ok || ns != 20 {
		t.Errorf("the next deadline is %d (%v), want 20", ns, ok)
	}
	if c.RunDue() {
		t.Error("a second RunDue fired again")
	}
}

// What fires may arm and disarm any timer; what is due then fires in the same go.
func TestRunDueWhileTimersChange(t *testing.T) {
	c, n := newClock(t, 0)
	var fired []string
	note := func(name string) { fired = append(fired, name) }
	var again, gone, early *Timer
	count := 0
	again = c.NewTimer(func() {
		note("again")
		if count++; count < 3 {
			again.Arm(c.Now())
		}
		gone.Disarm()
		early.Arm(1)
	})
	gone = c.NewTimer(func() { note("gone") })
	early = c.NewTimer(func() { note("early") })
	again.Arm(10)
	gone.Arm(11)
	*n = 50
	c.RunDue()
	want := []string{"again", "early", "again", "early", "again", "early"}
	if !slices.Equal(fired, want) {
		t.Errorf("%q fired, want %q", fired, want)
	}
	if _, ok := c.NextDeadline(); ok {
		t.Error("a timer is armed still")
	}
}

func TestTimerTellsOfChanges(t *testing.T) {
	c, _ := newClock(t, 0)
	told := 0
	c.OnChange(func() { told++ })
	timer := c.NewTimer(func() {})
	for _, step := range []struct {
		name string
		do   func()
		told int
	}{
		{"Disarm of one that is not armed", timer.Disarm, 0},
		{"Arm", func() { timer.Arm(7) }, 1},
		{"Arm again", func() { timer.Arm(8) }, 2},
		{"Disarm", timer.Disarm, 3},
		{"Disarm again", timer.Disarm, 3},
	} {
		if step.do(); told != step.told {
			t.Errorf("after %s it has told of %d changes, want %d", step.name, told, step.told)
		}
	}
	timer.Arm(9)
	if ns, ok := timer.Deadline(); !ok || ns != 9 {
		t.Errorf("Deadline() = %d, %v; want 9, true", ns, ok)
	}
}
