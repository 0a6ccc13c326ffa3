"""Learn the site's standards."""

from datetime import timedelta

from wms.db.uow import UnitOfWork
from wms.foundation.work import queries as work
from wms.foundation.work import service as tasks
from wms.processes.labour import queries, rules


async def learn(uow: UnitOfWork) -> list[str]:
    """Fit the standards to the timings of the last two weeks. Returns the kinds of work whose standard changed."""
    done = await queries.done(uow, uow.now - timedelta(days=queries.LEARN_DAYS))
    learned = rules.learn(done, await work.standards(uow))
    for kind, standard in learned.items():
        await tasks.set_standard(uow, kind, standard)
    return sorted(learned)
