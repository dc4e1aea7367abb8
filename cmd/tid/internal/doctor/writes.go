package doctor

import "context"

func (r *run) write(context.Context) {}
