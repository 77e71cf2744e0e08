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

// The options' names.
const (
	optionEvery  = "snapshot-every"
	optionBudget = "snapshot-budget"
)

// policyNames are all of them.
var policyNames = []string{optionEvery, optionBudget}

// policyOptions are the options for the snapshots that are taken by themselves.
type policyOptions struct {
	every  string
	budget string
}

// add adds the options; budget is the default, and where says what is meant by it.
func (o *policyOptions) add(f *pflag.FlagSet, budget, where string) {
	f.StringVar(&o.every, optionEvery, "25M", "take snapshots so many instructions apart, or, as in 5s, so much host time; 0: take none")
	f.StringVar(&o.budget, optionBudget, budget, "how much "+where+" they may take: past it, the farther in the past the fewer stay")
}

// policy returns what the options say.
func (o *policyOptions) policy() (p timeline.Policy, err error) {
	if p.Budget, err = parseBudget(o.budget); err != nil {
		return p, err
	}
	if n, err := timeline.ParseCount(o.every); err == nil {
		if p.Every = n; n == 0 {
			p.Every = timeline.Never
		}
		return p, nil
	}
	if p.Time, err = time.ParseDuration(o.every); err != nil || p.Time <= 0 {
		return p, usagef("--%s %s: want a number of instructions as 50M, a time as 5s, or 0", optionEvery, o.every)
	}
	return p, nil
}

// parseBudget reads what snapshots may take, in bytes.
func parseBudget(s string) (int64, error) {
	budget, err := parseSize(s)
	if err != nil || budget > math.MaxInt64 {
		return 0, usagef("--%s %s: want a size as 512M or 4G", optionBudget, s)
	}
	return int64(budget), nil
}
