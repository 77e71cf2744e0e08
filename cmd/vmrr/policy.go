// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"math"
	"time"

	"github.com/spf13/pflag"

	"github.com/vmrr/vmrr/timeline"
)

// The default budgets.
const (
	defaultMemory = "1G"
	defaultDisk   = "4G"
)

// policyNames are the options' names.
var policyNames = []string{"snapshot-every", "snapshot-budget"}

// policyOptions are the options for the snapshots that are taken by themselves.
type policyOptions struct {
	every  string
	budget string
}

// add adds the options; budget is the default, and where says what is meant by it.
func (o *policyOptions) add(f *pflag.FlagSet, budget, where string) {
	f.StringVar(&o.every, policyNames[0], "250M", "take snapshots so many instructions apart, or, as in 5s, so much host time; 0: take none")
	f.StringVar(&o.budget, policyNames[1], budget, "how much "+where+" they may take: past it, the farther in the past the fewer stay")
}

// policy returns what the options say.
func (o *policyOptions) policy() (timeline.Policy, error) {
	var p timeline.Policy
	budget, err := parseSize(o.budget)
	if err != nil || budget > math.MaxInt64 {
		return p, usagef("--snapshot-budget %s: want a size as 512M or 4G", o.budget)
	}
	p.Budget = int64(budget)
	if n, err := parseCount(o.every); err == nil {
		if p.Every = n; n == 0 {
			p.Every = timeline.Never
		}
		return p, nil
	}
	if p.Time, err = time.ParseDuration(o.every); err != nil || p.Time <= 0 {
		return p, usagef("--snapshot-every %s: want a number of instructions as 250M, a time as 5s, or 0", o.every)
	}
	return p, nil
}

// parseCount reads a number of instructions.
func parseCount(s string) (uint64, error) {
	n, err := timeline.ParseCount(s)
	if err != nil {
		return 0, usagef("%w", err)
	}
	return n, nil
}
