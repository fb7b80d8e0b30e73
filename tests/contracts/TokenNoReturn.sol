// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {TokenBase, TokenIndexed} from "./TokenBase.sol";

/// Moves and logs, but returns nothing at all, as USDT on Ethereum does.
contract TokenNoReturn is TokenIndexed {
    constructor(string memory name_, string memory symbol_, uint8 decimals_) TokenBase(name_, symbol_, decimals_) {}

    function transfer(address to, uint256 value) external {
        _take(msg.sender, value);
        balanceOf[to] += value;
        _log(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        _spend(from, value);
        _take(from, value);
        balanceOf[to] += value;
        _log(from, to, value);
    }
}
