package m

func OnlyHere() {}
