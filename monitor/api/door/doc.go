// Package door is how a program of this house is reached by HTTP: a unix
// socket whose peers are known by the kernel's word, and a web port that
// checks whom its clients mean, bounds what they may take, and says what a
// browser may do with the answers. What is answered is another's.
package door
