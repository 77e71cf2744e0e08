// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/pflag"

	"github.com/vmrr/vmrr/frontend"
	"github.com/vmrr/vmrr/timeline"
)

// sessionOptions are what every command with a machine takes: who is let at it, and
// which snapshots are taken by themselves.
type sessionOptions struct {
	debug   debugOptions
	devices frontend.Options
	policy  policyOptions
}

// add adds the options; budget and where are as policyOptions.add has them.
func (o *sessionOptions) add(f *pflag.FlagSet, budget, where string) {
	o.debug.add(f)
	o.devices.Add(f)
	o.policy.add(f, budget, where)
}

// check checks the options, before any work begins.
func (o *sessionOptions) check() (words frontend.Words, policy timeline.Policy, err error) {
	if words, err = o.devices.Parse(); err != nil {
		return words, policy, usageError{err}
	}
	if err := o.checkStart(&words); err != nil {
		return words, policy, err
	}
	if _, _, err := o.debug.address(); err != nil {
		return words, policy, err
	}
	policy, err = o.policy.policy()
	return words, policy, err
}

// checkStart refuses -S where nobody could start the machine.
func (o *sessionOptions) checkStart(w *frontend.Words) error {
	if d := &o.debug; d.stopped && !d.short && d.gdb == "" && !w.Monitored() && !w.Console() {
		return usagef("-S without -s, -gdb, -monitor or -qmp: who would start the machine?")
	}
	return nil
}
