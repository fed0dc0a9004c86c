// Package packages has the tests of what is installed: the units against the
// service managers that read them, and the packages in roots of their own and
// in a guest with a real service manager.
package packages
