// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {TokenBase, TokenIndexed} from "./TokenBase.sol";

/// A token that its issuer can stop, for everybody or for one account. Anybody may play the issuer here.
/// After `setTakes(n)` the recipient of each transfer gets n units less than it says, without a word in any log.
contract TokenPausable is TokenIndexed {
    bool public paused;
    mapping(address => bool) public blacklisted;
    uint256 public takes;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) TokenBase(name_, symbol_, decimals_) {}

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    function setBlacklisted(address account, bool blacklisted_) external {
        blacklisted[account] = blacklisted_;
    }

    function setTakes(uint256 takes_) external {
        takes = takes_;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        require(!paused, "Pausable: paused");
        require(!blacklisted[msg.sender] && !blacklisted[to], "Blacklistable: account is blacklisted");
        _take(msg.sender, value);
        balanceOf[to] += value - takes;
        _log(msg.sender, to, value);
        return true;
    }
}
