"""Work for hands: tasks and who holds them, stations and the equipment at them.

Tables: task, station, work_standard. Emits WorkReleased; a task's outcome is told by the process that owns its kind.
"""
