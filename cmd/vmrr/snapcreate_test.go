// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"math"
	"slices"
	"testing"
)

// checkStep counts as many snapshots as multiples names, and gives an interval that goes.
func TestCheckStep(t *testing.T) {
	for _, test := range []struct {
		step, begin, end uint64
		want             bool
	}{
		{1, 0, maxCreated, true}, {1, 0, maxCreated + 1, false}, {1, 7, maxCreated + 7, true}, {10, 5, 10*maxCreated + 5, true},
		{10, 5, 10*maxCreated + 10, false}, {1, 0, math.MaxUint64, false}, {math.MaxUint64, 1, math.MaxUint64, true}, {5, 9, 9, true},
	} {
		err := checkStep(test.step, test.begin, test.end)
		if errors.As(err, new(usageError)) == test.want {
			t.Errorf("checkStep(%d, %d, %d) = %v; want that it goes: %v", test.step, test.begin, test.end, err, test.want)
		}
		if err != nil {
			least := (test.end-test.begin)/maxCreated + 1
			if err := checkStep(least, test.begin, test.end); err != nil {
				t.Errorf("the least interval that is told: %v", err)
			}
		}
	}
	if got, want := slices.Collect(multiples(10, 5, 30)), []uint64{10, 20, 30}; !slices.Equal(got, want) {
		t.Errorf("multiples(10, 5, 30) = %d; want %d", got, want)
	}
}
