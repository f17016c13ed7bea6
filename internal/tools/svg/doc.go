// Package svg has what the pictures of docs have in common: their colours, by day and by night, a title and a description
// for those who do not see them, no byte that differs from one run to the next, and nothing that is loaded from elsewhere.
package svg
