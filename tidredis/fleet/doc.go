// Package fleet proves and measures tidredis: with real Redis servers and real processes, in
// virtual time beside other ways to share an allowance, and in simulations of many processes
// and accounts. It is a module of its own, for what only its tests need.
package fleet
