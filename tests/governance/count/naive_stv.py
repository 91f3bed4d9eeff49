"""Scottish STV as a clerk counts it, paper by paper: slow, short and independent of ours."""

from dataclasses import dataclass

SCALE = 100_000


@dataclass
class Paper:
    """One ballot paper, with whom it lies and what it is worth."""

    choice: list[int]
    value: int = SCALE
    holder: int | None = None


class Clerk:
    """Counts once; `winners` and `stages` are the outcome."""

    def __init__(self, choices: list[list[int]], standing: list[int], seats: int, lot: list[int]):
        self.papers = [Paper(choice) for choice in choices if set(choice) & set(standing)]
        self.continuing = list(standing)
        self.seats, self.lot = seats, lot
        self.quota = (len(self.papers) // (seats + 1) + 1) * SCALE
        self.winners: list[int] = []
        self.done: list[int] = []
        self.kept: dict[int, int] = {}
        for paper in self.papers:
            self.give(paper)
        self.stages = [self.totals(standing)]
        self.everyone = standing
        while not self.is_over():
            self.run_stage()

    def give(self, paper: Paper) -> None:
        paper.holder = next((one for one in paper.choice if one in self.continuing), None)

    def held(self, one: int) -> list[Paper]:
        return [paper for paper in self.papers if paper.holder == one]

    def totals(self, everyone: list[int]) -> dict[int, int]:
        return {
            one: self.kept[one] if one in self.kept else sum(p.value for p in self.held(one))
            for one in everyone
        }

    def is_over(self) -> bool:
        now = self.stages[-1]
        for one in sorted(self.continuing, key=self.first):
            if now[one] >= self.quota:
                self.winners.append(one)
                self.continuing.remove(one)
        vacancies = self.seats - len(self.winners)
        if vacancies and len(self.continuing) <= vacancies:
            self.winners += sorted(self.continuing, key=self.first)
            return True
        return vacancies == 0

    def history(self, one: int) -> list[int]:
        """Votes now, then at each earlier stage."""
        return [stage[one] for stage in reversed(self.stages)]

    def first(self, one: int) -> tuple[list[int], int]:
        """Sorts who has more before who has fewer, else by lot."""
        return [-votes for votes in self.history(one)], self.lot.index(one)

    def last(self, one: int) -> tuple[list[int], int]:
        """Sorts who is excluded before who stays."""
        return self.history(one), -self.lot.index(one)

    def run_stage(self) -> None:
        now = self.stages[-1]
        surplus = [w for w in self.winners if w not in self.done and now[w] > self.quota]
        if surplus:
            mover = min(surplus, key=self.first)
            self.done.append(mover)
            self.kept[mover] = self.quota
            for paper in self.held(mover):
                paper.value = paper.value * (now[mover] - self.quota) // now[mover]
                self.give(paper)
        else:
            mover = min(self.continuing, key=self.last)
            self.continuing.remove(mover)
            for paper in self.held(mover):
                self.give(paper)
        self.stages.append(self.totals(self.everyone))
