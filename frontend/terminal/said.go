// SPDX-License-Identifier: GPL-2.0-or-later

package terminal

import "errors"

// said is an error that the user has been told of.
type said struct{ error }

func (s said) Unwrap() error { return s.error }

// Said marks an error that the user has been told of, so that who ends the program
// with it does not tell again.
func Said(err error) error { return said{err} }

// Unsaid returns what the user has not been told of err; nil if that is all of it.
func Unsaid(err error) error {
	switch e := err.(type) {
	case said:
		return nil
	case interface{ Unwrap() []error }:
		var left []error
		for _, one := range e.Unwrap() {
			left = append(left, Unsaid(one))
		}
		return errors.Join(left...)
	}
	return err
}
