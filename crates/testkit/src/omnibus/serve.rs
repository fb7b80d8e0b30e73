//! The HTTP side: faults before the answer, and what an answer may know of the moment.

use super::dice::Dice;
use super::timeline::Timeline;
use super::{Api, Expected, comet, cosmos_rest, horizon, rippled, toncenter};
use crate::server::{FaultyServer, Request, Response};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const FAULTS: u64 = 2;

/// No more than this many requests in a row fail, so that a reader with a few tries gets on.
const STREAK_MAX: u32 = 2;

/// One way to tell the truth badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Status 429.
    RateLimited,
    /// Status 429 with a wish to wait a second.
    RateLimitedWait,
    /// Status 502 or 503 with a text that is not JSON.
    ServerError,
    /// Status 200 with a gateway's web page.
    Html,
    /// A body that breaks off.
    Cut,
    /// An answer that takes its time.
    Slow,
    /// A page that begins with rows of the page before.
    Repeated,
    /// A page whose rows are out of order.
    Unsorted,
    /// A page with fewer rows than were asked for, though more follow.
    Short,
    /// A reader's place that the server no longer knows.
    DeadMarker,
    /// A second server behind the same address that is some blocks behind.
    Lagging,
    /// A server that keeps less history than was asked for, and says so.
    Narrowed,
    /// A count of matches that grows from one page to the next.
    ChangingTotal,
    /// A new block between two requests.
    MovingTip,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 14] = [
        Fault::RateLimited,
        Fault::RateLimitedWait,
        Fault::ServerError,
        Fault::Html,
        Fault::Cut,
        Fault::Slow,
        Fault::Repeated,
        Fault::Unsorted,
        Fault::Short,
        Fault::DeadMarker,
        Fault::Lagging,
        Fault::Narrowed,
        Fault::ChangingTotal,
        Fault::MovingTip,
    ];

    /// Whether it strikes before the answer is made.
    fn is_of_transport(self) -> bool {
        matches!(
            self,
            Fault::RateLimited
                | Fault::RateLimitedWait
                | Fault::ServerError
                | Fault::Html
                | Fault::Cut
                | Fault::Slow
        )
    }
}

/// Which faults happen, and how often in a thousand requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<Fault, u32>);

impl Faults {
    /// A server without fault.
    pub fn none() -> Faults {
        Faults::default()
    }

    /// Every fault, often enough that a reading of a thousand pages meets each.
    pub fn all() -> Faults {
        Faults(Fault::ALL.map(|fault| (fault, 25)).into())
    }

    /// The same with this fault so many times in a thousand requests; 0 leaves it out.
    pub fn with(mut self, fault: Fault, per_mille: u32) -> Faults {
        self.0.insert(fault, per_mille);
        self
    }
}

/// What to make up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything follows from it.
    pub seed: u64,
    /// How many credits the account has up to [`Omnibus::last_height`], at least.
    pub deposits: u32,
    /// How the server behaves.
    pub faults: Faults,
    /// What the account's address stands for, where a test holds its key: 20 bytes on the XRP Ledger, the public key on Stellar.
    /// `None` makes one up, like everywhere else.
    pub account: Option<Vec<u8>>,
}

impl Options {
    /// A hundred thousand deposits, told with every fault.
    pub fn new(seed: u64) -> Options {
        Options {
            seed,
            deposits: 100_000,
            faults: Faults::all(),
            account: None,
        }
    }

    /// The same for an account whose key a test holds.
    pub fn account(mut self, payload: &[u8]) -> Options {
        self.account = Some(payload.to_vec());
        self
    }

    /// The same with another number of deposits.
    pub fn deposits(mut self, deposits: u32) -> Options {
        self.deposits = deposits;
        self
    }

    /// The same with other faults.
    pub fn faults(mut self, faults: Faults) -> Options {
        self.faults = faults;
        self
    }
}

/// How many transactions wait behind the last height, to arrive while somebody reads.
pub(crate) const TAIL: u32 = 3000;

/// One network's account: what is in it, and how its API answers.
pub(crate) trait Life: Send + Sync {
    /// Which transaction stands where.
    fn timeline(&self) -> &Timeline;

    /// The account's address.
    fn account(&self) -> String;

    /// The memos of the users, as they are handed out.
    fn members(&self) -> Vec<String>;

    /// The credits of one transaction, as far as they can be found.
    fn credits(&self, transaction: u32) -> Vec<Expected>;

    /// What the block itself paid, without a transaction.
    fn block_credit(&self, _height: u64) -> Option<Expected> {
        None
    }

    /// The faults of paging that this API knows.
    fn page_faults(&self) -> &'static [Fault];

    /// The answer to a request.
    fn answer(&self, request: &Request, moment: &Moment<'_>) -> Response;
}

/// What an answer may know of the moment it is given in.
pub(crate) struct Moment<'a> {
    /// The newest block that this server has.
    pub(crate) tip: u64,
    fault: Option<Fault>,
    number: u64,
    hall: &'a Hall,
}

impl Moment<'_> {
    /// Whether this fault strikes now. Asking makes it happen.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let strikes = self.fault == Some(fault);
        if strikes {
            self.hall.count(fault);
        }
        strikes
    }

    /// Draws of this moment.
    pub(crate) fn dice(&self) -> Dice {
        Dice::new(self.hall.seed, FAULTS + 1, self.number)
    }
}

struct Hall {
    seed: u64,
    faults: Faults,
    life: Arc<dyn Life>,
    tip: AtomicU64,
    streak: AtomicU32,
    told: Mutex<BTreeMap<Fault, u32>>,
}

impl Hall {
    fn count(&self, fault: Fault) {
        *self.told().entry(fault).or_default() += 1;
    }

    fn told(&self) -> std::sync::MutexGuard<'_, BTreeMap<Fault, u32>> {
        // A count is whole or not there: a thread that panicked left it usable.
        self.told
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The fault of this request, drawn among those that can happen.
    fn draw(&self, number: u64) -> Option<Fault> {
        let mut dice = Dice::new(self.seed, FAULTS, number);
        let page = self.life.page_faults();
        let possible = |fault: &Fault| fault.is_of_transport() || page.contains(fault);
        let mut drawn = None;
        for (fault, per_mille) in &self.faults.0 {
            let hit = dice.chance(*per_mille);
            if *fault == Fault::MovingTip {
                if hit && self.tip.load(Ordering::Relaxed) < self.life.timeline().end_height() {
                    self.tip.fetch_add(1, Ordering::Relaxed);
                    self.count(Fault::MovingTip);
                }
            } else if hit && possible(fault) && drawn.is_none() {
                drawn = Some(*fault);
            }
        }
        let harmless = matches!(drawn, None | Some(Fault::Slow));
        if harmless {
            self.streak.store(0, Ordering::Relaxed);
            return drawn;
        }
        if self.streak.fetch_add(1, Ordering::Relaxed) >= STREAK_MAX {
            self.streak.store(0, Ordering::Relaxed);
            return None;
        }
        drawn
    }

    fn answer(&self, request: &Request) -> Response {
        let fault = self.draw(request.number);
        let mut moment = Moment {
            tip: self.tip.load(Ordering::Relaxed),
            fault,
            number: request.number,
            hall: self,
        };
        let Some(fault) = fault else {
            return self.life.answer(request, &moment);
        };
        if fault.is_of_transport() {
            self.count(fault);
        }
        match fault {
            Fault::RateLimited => {
                Response::status(429).with_body("text/plain", "Too Many Requests")
            }
            Fault::RateLimitedWait => Response::status(429)
                .with_body("application/json", r#"{"error":"rate limit exceeded"}"#)
                .with_header("retry-after", "1"),
            Fault::ServerError if request.number.is_multiple_of(2) => Response::status(503)
                .with_body("text/plain", "Server is overloaded")
                .with_header("retry-after", "1"),
            Fault::ServerError => Response::status(502).with_body("text/plain", "Bad Gateway"),
            Fault::Html => Response::html("<html><body><h1>One moment, please</h1></body></html>"),
            Fault::Cut => {
                let response = self.life.answer(request, &moment);
                let half = response.body.len() / 2;
                response.truncated(half)
            }
            Fault::Slow => self
                .life
                .answer(request, &moment)
                .delayed(Duration::from_millis(30)),
            Fault::Lagging => {
                moment.tip = moment.tip.saturating_sub(moment.dice().between(1, 40));
                self.count(fault);
                self.life.answer(request, &moment)
            }
            _ => self.life.answer(request, &moment),
        }
    }
}

/// A made-up account behind a server. Ends when dropped.
pub struct Omnibus {
    server: FaultyServer,
    hall: Arc<Hall>,
}

impl Omnibus {
    /// Makes the account up and serves it.
    pub fn start(api: Api, options: &Options) -> Omnibus {
        let life: Arc<dyn Life> = match api {
            Api::Rippled => Arc::new(rippled::Rippled::new(
                options.seed,
                options.deposits,
                options.account.as_deref(),
            )),
            Api::Horizon => Arc::new(horizon::Horizon::new(
                options.seed,
                options.deposits,
                options.account.as_deref(),
            )),
            Api::CometRpc => Arc::new(comet::Comet::new(options.seed, options.deposits)),
            Api::CosmosRest => Arc::new(cosmos_rest::Rest::new(options.seed, options.deposits)),
            Api::Toncenter => Arc::new(toncenter::Toncenter::new(options.seed, options.deposits)),
        };
        let hall = Arc::new(Hall {
            seed: options.seed,
            faults: options.faults.clone(),
            tip: AtomicU64::new(life.timeline().last_height()),
            life,
            streak: AtomicU32::new(0),
            told: Mutex::default(),
        });
        let serving = Arc::clone(&hall);
        Omnibus {
            server: FaultyServer::start(move |request| serving.answer(request)),
            hall,
        }
    }

    /// Where it answers, without a trailing slash.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The account's address as users see it.
    pub fn account(&self) -> String {
        self.hall.life.account()
    }

    /// The memos of its users, in the order of the users.
    pub fn members(&self) -> Vec<String> {
        self.hall.life.members()
    }

    /// The first height that holds anything.
    pub fn first_height(&self) -> u64 {
        self.hall.life.timeline().first_height()
    }

    /// The tip at the start: up to here the account has as many credits as were asked for.
    pub fn last_height(&self) -> u64 {
        self.hall.life.timeline().last_height()
    }

    /// Every credit up to [`Omnibus::last_height`], by height; what a block itself paid comes behind its transactions.
    pub fn truth(&self) -> impl Iterator<Item = Expected> + '_ {
        self.truth_up_to(self.last_height())
    }

    /// The same up to another height.
    pub fn truth_up_to(&self, height: u64) -> impl Iterator<Item = Expected> + '_ {
        let life = &self.hall.life;
        (self.first_height()..=height).flat_map(move |height| {
            let here = life.timeline().at(height);
            here.flat_map(|transaction| life.credits(transaction))
                .chain(life.block_credit(height))
        })
    }

    /// How often each fault happened so far.
    pub fn faults_told(&self) -> BTreeMap<Fault, u32> {
        self.hall.told().clone()
    }

    /// How many requests came so far.
    pub fn request_count(&self) -> usize {
        self.server.request_count()
    }
}
