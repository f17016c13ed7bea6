// Package netns does something in another network namespace of Linux.
package netns
