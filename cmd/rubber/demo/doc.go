// Package demo is what rubber's demonstration needs of the world around it:
// a server of jobs over HTTP, a wave of jobs to come, the program that a
// machine runs, and two hosts of which one is under pressure now and then.
// All of it is on loopback and in memory. What rubber does with it is real.
package demo
